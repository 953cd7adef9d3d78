"""`assay.estimate`: what it takes, what it gives, and who is chosen."""

import pytest

import assay
from assay.components.registry import Registry, default_registry


def test_numbers_are_in_base_units_and_text_has_units() -> None:
    one = assay.estimate("wire", length=1e-3, width=16, technology="65nm")
    assert one == assay.estimate("wire", length="1 mm", width="16 b", technology="65 nm")
    assert one.energy_of("transfer") == pytest.approx(1e-12, rel=0.9)


def test_a_technology_may_be_one() -> None:
    process = assay.Technology.of(65)
    asked = {"depth": 1024, "width": 32}
    assert assay.estimate("sram", technology=process, **asked) == assay.estimate("sram", technology="65nm", **asked)


def test_words_row_and_dictionary() -> None:
    found = assay.estimate("mac", format="int8", technology="45 nm, 0.9 V")
    assert repr(found).startswith("<Estimate mac: compute ")
    assert "leakage" in repr(found)
    row = found.to_row()
    assert row["format"] == "int8"
    assert row["energy_compute_j"] == found.energy_of("compute") == found.to_dict()["energy_j"]["compute"]
    with pytest.raises(assay.InputError, match="mac has no action 'compte'"):
        found.energy_of("compte")


def test_the_same_question_is_answered_once() -> None:
    registry = Registry()
    asked = {"technology": "65nm", "registry": registry, "depth": 1000, "width": 64}
    assert assay.estimate("sram", **asked) is assay.estimate("sram", **asked)


@pytest.mark.parametrize("component", Registry().components)
def test_the_first_line_of_each_is_a_sentence_and_its_module_is_the_stated_one(component: str) -> None:
    for provider in default_registry().providers(component):
        assert provider.about.endswith(".")
        assert provider.source
        assert provider.component == component


@pytest.mark.parametrize("words", ["LPDDR4", "lpddr4", "HBM2e", "hbm3", "GDDR6", "ddr5"])
def test_kinds_are_known_in_capitals_and_small_letters(words: str) -> None:
    found = assay.estimate("dram", kind=words, width=64)
    assert (found.energy_of("read") or 0) > 1e-11
    assert found.area is None  # not on the chip of the processor


def test_who_is_not_there_is_an_error() -> None:
    with pytest.raises(assay.InputError, match="no estimator for 'srma'"):
        assay.estimate("srma", depth=3)
    with pytest.raises(assay.InputError, match="no estimator 'Nobody' for sram"):
        assay.estimate("sram", depth=3, width=8, technology="65nm", estimator="Nobody")


def test_scaled_parts_make_a_network_as_uncertain_as_they_are() -> None:
    router = assay.estimate("router", width=64, technology=7)
    mesh = assay.estimate("mesh", rows=4, columns=4, pitch=1e-3, width=64, technology=7)
    near = assay.estimate("mesh", rows=4, columns=4, pitch=1e-3, width=64, technology=32)
    assert mesh.uncertainty == pytest.approx(router.uncertainty)
    assert (mesh.uncertainty or 0) > 1.4 * (near.uncertainty or 0)


@pytest.mark.parametrize(("words", "size", "published"), [(8, 64, 59.15), (64, 512, 20.87), (512, 4096, 12.7)])
def test_the_range_of_an_sram_holds_the_macros_of_a_compiler(words: int, size: int, published: float) -> None:
    """um2 per byte at 65 nm, Chen et al., ISCA 2016, 64-bit words."""
    found = assay.estimate("sram", depth=words, width=64, technology="65nm")
    assert found.area is not None
    assert found.uncertainty is not None
    assert published * size * 1e-12 <= found.area * (1 + found.uncertainty) * 1.05


def test_what_cannot_be_built_is_refused_with_what_was_asked() -> None:
    with pytest.raises(
        assay.InputError, match=r"sram of depth 1000000000000, width 64 b.* is beyond what can be built"
    ):
        assay.estimate("sram", depth=10**12, width=64, technology="65nm")


def test_names_in_capitals_and_values_that_are_none() -> None:
    assert assay.estimate("SRAM", depth=64, width=8, technology=65).component == "sram"
    assert assay.estimate("sram", depth=64, width=8, size=None, technology=65).component == "sram"
    with pytest.raises(assay.InputError, match="named by a text"):
        assay.estimate(3)  # type: ignore[arg-type]
