from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import InputError, Position
from assay.reading import documents
from assay.reading.documents import Entry, Form, load, loads
from assay.reading.units import ENERGY, RATE, SIZE, Quantity


def value(text: str) -> Entry:
    """The entry of `key` in a document of one line."""
    return loads(f"key: {text}", "f.yaml").root.mapping(allowed=("key",))["key"]


def message(read: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        read()
    return str(caught.value)


def test_everything_knows_its_place() -> None:
    root = loads("name: chip\nnodes:\n  - size: 3 b\n    keep: [a, b]\n", "f.yaml").root
    fields = root.mapping(allowed=("name", "nodes"), required=("name",))
    node = fields["nodes"].items()[0].mapping(allowed=("size", "keep"))
    assert fields["name"].text() == "chip"
    assert fields["name"].at == Position("f.yaml", 1, 7)
    assert node["size"].at == Position("f.yaml", 3, 11)
    assert [item.at.column for item in node["keep"].items()] == [12, 15]
    assert node["keep"].choices(("a", "b", "c")) == ("a", "b")


def test_values() -> None:
    assert value("a  long\n  text").text() == "a long text"
    assert value("'200'").integer() == 200
    assert value("2 * n").integer(names={"n": Quantity.of(7)}) == 14
    assert value("0.5").number(minimum=0, maximum=1) == 0.5
    assert value("true").boolean() is True
    assert value("false").boolean() is False
    assert value("word").choice(("word", "tile")) == "word"
    assert value("1.46 pJ").quantity(ENERGY).value == 1.46e-12
    assert value("4 GB/s").quantity((SIZE, RATE)).value == 32e9
    assert [key.text() for key, _ in value("{a: 1, b: 2}").pairs()] == ["a", "b"]
    assert value("no").text() == "no"  # never a truth value
    assert value("N").text() == "N"


@pytest.mark.parametrize(("text", "column"), [("", 5), ("~", 6), ("null", 6)])
def test_nothing_is_not_text(text: str, column: int) -> None:
    assert value(text).form is Form.NOTHING
    assert message(value(text).text) == f"f.yaml:1:{column}: key: expected text, found nothing"


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda: value("[1]").text(), "1:6: key: expected text, found a list"),
        (lambda: value("a").items(), "1:6: key: expected a list, found 'a'\n  hint: write [a]"),
        (lambda: value("a").pairs(), "1:6: key: expected a mapping (key: value), found 'a'"),
        (
            lambda: value("{dept: 1}").mapping(allowed=("depth", "width")),
            "1:7: unknown key 'dept' in key\n  hint: did you mean 'depth'? (allowed: depth, width)",
        ),
        (
            lambda: value("{a: 1}").mapping(allowed=("a", "b"), required=("b",)),
            "1:6: key: the key 'b' is missing\n  hint: write 'b: ...' here",
        ),
        (lambda: value("1.5").integer(), "1:6: key: expected a whole number, found '1.5'"),
        (lambda: value("0").integer(minimum=1), "1:6: key: expected a whole number of at least 1, found '0'"),
        (lambda: value("9").integer(maximum=8), "1:6: key: expected a whole number of at most 8, found '9'"),
        (lambda: value("2").number(maximum=1, minimum=0), "1:6: key: expected a number from 0 to 1, found '2'"),
        (
            lambda: value("16 b").integer(),
            "1:6: key: expected a plain number such as '16', found '16 b', which is a number of bits",
        ),
        (
            lambda: value("16").quantity(ENERGY),
            "1:6: key: expected an energy such as '1.2 pJ', found '16', which is a plain number\n"
            "  hint: add the unit, as in '1.2 pJ'",
        ),
        (lambda: value("[1]").quantity(SIZE), "1:6: key: expected a number of bits such as '108 KiB', found a list"),
        (
            lambda: value("3 * x").quantity(SIZE),
            "1:10: key: unknown name 'x' in '3 * x'\n  hint: no names are defined here",
        ),
        (
            lambda: value("'3 * x'").quantity(SIZE),
            "1:11: key: unknown name 'x' in '3 * x'\n  hint: no names are defined here",
        ),
        (lambda: value("yes").boolean(), "1:6: key: expected true or false, found 'yes'\n  hint: write true or false"),
        (
            lambda: value("words").choice(("word", "tile")),
            "1:6: key: unknown 'words'\n  hint: did you mean 'word'? (allowed: word, tile)",
        ),
        (lambda: value("[a, b, a]").choices(("a", "b")), "1:13: key: 'a' is listed twice"),
    ],
)
def test_messages(read: Callable[[], object], expected: str) -> None:
    assert message(read) == f"f.yaml:{expected}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ": the file is empty"),
        (" \n", ": the file is empty"),
        ("# only a comment", ": the file is empty"),
        ("a: 1\nb: 2\na: 3", ":3:1: the key 'a' was given on line 1 already"),
        ("a: 1\n---\nb: 2", ":2:1: a second document begins here\n  hint: one file holds one; remove '---'"),
        ("a: !x 3", ":1:4: tags such as '!x' are not used in these files\n  hint: remove the tag"),
        (
            "a: !!python/object/apply:os.system [ls]",
            ":1:4: tags such as 'tag:yaml.org,2002:python/object/apply:os.system' are not used in these files\n"
            "  hint: remove the tag",
        ),
        ("a: &x [*x]", ":1:8: '*x' contains itself"),
        ("a: *x", ":1:4: there is no anchor '&x' above"),
        ("a: &x {b: 1}\nc:\n  <<: *x", ":3:3: merge keys '<<' are not used in these files\n  hint: write the keys out"),
        ("? [1]\n: 2", ":1:3: the file: a key must be a word, not a list"),
        ("a:\n\tb: 1", ":2:1: not valid YAML: found character '\\t' that cannot start any token\n"
         "  hint: indent with spaces, not with tabs"),
        ("a: b: c", ":1:5: not valid YAML: mapping values are not allowed here\n"
         "  hint: a text that contains ': ' needs quotes"),
        ("a: [1, 2", ":1:9: not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\nb: \x01", ":2: the character #x0001 is not allowed in YAML"),
        ('a: ""', ":1:4: a: the text is empty"),
        ('a: "\\e[31m"', ":1:4: a: the text holds a character that cannot be printed"),
        ("[" * 40 + "]" * 40, ":1:31: nested more than 30 deep"),
    ],
)  # fmt: skip
def test_files_that_are_refused(text: str, expected: str) -> None:
    assert message(lambda: loads(text, "f.yaml")) == f"f.yaml{expected}"


def test_an_alias_stands_for_what_it_names() -> None:
    fields = loads("a: &x [1, 2]\nb: *x", "f.yaml").root.mapping(allowed=("a", "b"))
    assert [item.integer() for item in fields["b"].items()] == [1, 2]


def test_aliases_of_aliases_are_bounded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert "more than 50000 entries, aliases included" in message(lambda: loads("\n".join(lines)))


def test_large_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("a: " + "x" * documents.MAX_BYTES)
    assert message(lambda: load(path)) == f"{path}: the file is larger than 512 KiB"


def test_missing_files_and_directories(tmp_path: Path) -> None:
    (tmp_path / "chip.yaml").write_text("a: 1")
    near, here = tmp_path / "chp.yaml", tmp_path / "chip.yaml"
    assert message(lambda: load(near)) == f"{near}: there is no such file\n  hint: did you mean '{here}'?"
    assert message(lambda: load(tmp_path)) == (
        f"{tmp_path}: this is a directory, not a file\n  hint: did you mean {here}?"
    )
    far = tmp_path / "none" / "eyeris.yaml"
    assert message(lambda: load(far, names=("eyeriss",))) == (
        f"{far}: there is no such file\n  hint: did you mean the built-in 'eyeriss'?"
    )
    assert "cannot read the file" in message(lambda: load("a\0b.yaml"))


def test_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "chip.yaml"
    path.write_bytes(b"a: 1\nb: \xe9\n")
    assert message(lambda: load(path)) == f"{path}:2: the file is not UTF-8 text\n  hint: save it as UTF-8"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    assert load(path).root.mapping(allowed=("a",))["a"].integer() == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b: 1", ":1:1: the file does not say what it describes\n  hint: begin it with 'assay: hardware/1'"),
        ("[1]", ":1:1: the file holds a list, not a mapping (key: value)\n  hint: begin it with 'assay: hardware/1'"),
        ("assay: hardware/2", ":1:8: version 2 of the hardware format is not known\n"
         "  hint: this release reads 'hardware/1'"),
        ("assay: network/1", ":1:8: this file describes 'network/1', not 'hardware'\n"
         "  hint: a hardware file begins with 'assay: hardware/1'"),
        ("assay: hardware/1\nc: 1", ":2:1: unknown key 'c' in the file\n  hint: allowed: assay, name"),
    ],
)  # fmt: skip
def test_the_header(text: str, expected: str) -> None:
    assert message(lambda: loads(text, "f.yaml").fields("hardware/1", allowed=("name",))) == f"f.yaml{expected}"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="ab:[]{}-&*!|>'\"\n #,?~", max_size=60))
def test_any_text_gives_a_document_or_an_input_error(text: str) -> None:
    try:
        root = loads(text).root
    except InputError:
        return
    assert root.form is not Form.NOTHING
