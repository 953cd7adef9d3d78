"""Tables in CSV as Accelergy's plug-ins have them: what a row says, what lies between rows, and what is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.components.accelergy_tables import table_providers
from assay.components.estimate import Estimate
from assay.components.plugins import folder_providers
from assay.components.registry import Registry, estimate
from assay.components.technology import Technology, scaling
from assay.errors import InputError

ADDER = """\
# source: J. Doe, "A small adder", 2020
# uncertainty: 0.2
technology, global_cycle_seconds, width|datawidth, energy, area, action
45nm,       1e-9,                 16,              0.05,   67,   add|read
45nm,       1e-9,                 32,              0.1,    137,  add|read
45nm,       1e-9,                 32,              0.002,  137,  leak
45nm,       1e-9,                 16,              0.001,  67,   leak
45nm,       1e-9,                 *,               0,      ,     write
"""

REGFILE = """\
technology,latency,width,depth,action,data_delta,address_delta,energy,area
45nm,5ns,8,128,read,0,0,0.03,0
45nm,5ns,8,128,read,0,1,0.05,0
45nm,5ns,8,128,read,1,0,0.1,0
45nm,5ns,8,128,read,1,1,0.12,0
"""


def registry(tmp_path: Path, text: str, name: str = "adder") -> Registry:
    file = tmp_path / f"{name}.csv"
    file.write_text(text)
    return Registry().with_providers(table_providers(file))


def ask(tmp_path: Path, text: str, name: str = "adder", technology: str | None = "45nm", **given: Any) -> Estimate:
    found = registry(tmp_path, text, name)
    return estimate(name, technology=technology, registry=found, estimator=f"{name}.csv", **given)


def refused(tmp_path: Path, text: str, name: str = "adder", technology: str | None = "45nm", **given: Any) -> str:
    with pytest.raises(InputError) as caught:
        ask(tmp_path, text, name, technology, **given)
    return caught.value.message


def test_a_row_answers_exactly(tmp_path: Path) -> None:
    found = ask(tmp_path, ADDER, width=16)
    assert dict(found.energy) == {"add": 5e-14, "read": 5e-14, "write": None}
    assert found.area == 6.7e-11
    assert found.leakage == pytest.approx(1e-6)  # 0.001 pJ in 1 ns
    assert (found.source, found.uncertainty) == ('J. Doe, "A small adder", 2020', 0.2)
    assert "as in the table: global_cycle_seconds 1e-09" in found.notes
    assert "write: the energy of 0 in the file is taken as not known" in found.notes
    assert found.attributes == (("width", "16"), ("technology", "45 nm, 1 V"))


def test_either_name_of_a_column_does(tmp_path: Path) -> None:
    assert ask(tmp_path, ADDER, datawidth="32 b").energy == ask(tmp_path, ADDER, width=32).energy
    assert "contradicts" in refused(tmp_path, ADDER, width=16, datawidth=32)
    assert ask(tmp_path, ADDER, WIDTH=16).energy_of("add") == 5e-14


def test_between_two_rows_a_straight_line_is_drawn(tmp_path: Path) -> None:
    found = ask(tmp_path, ADDER, width=24)
    assert found.energy_of("add") == pytest.approx(0.075e-12)
    assert found.area == pytest.approx(102e-12)
    assert found.leakage == pytest.approx(1.5e-6)
    assert "add: interpolated at width 24 between 16 and 32 in the table" in found.notes


@given(width=st.integers(16, 32))
def test_interpolated_figures_lie_between_those_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, width: int
) -> None:
    found = ask(tmp_path_factory.mktemp("table"), ADDER, width=width)
    energy = found.energy_of("add")
    assert energy is not None
    assert 5e-14 <= energy <= 1e-13
    assert bool([note for note in found.notes if "interpolated" in note]) == (width not in (16, 32))


@pytest.mark.parametrize("width", [8, 15, 33, 64])
def test_beyond_the_table_nobody_answers(tmp_path: Path, width: int) -> None:
    assert f"has no row of add for width {width}, nor two to interpolate" in refused(tmp_path, ADDER, width=width)


def test_no_other_row_is_taken_for_a_word(tmp_path: Path) -> None:
    text = "type,width,energy,action\nLPDDR4,64,512,read\nHBM2,64,400,read\nLPDDR4,32,256,read\n"
    assert ask(tmp_path, text, "memory", type="lpddr4", width=48).energy_of("read") == pytest.approx(384e-12)
    assert "has no row of read for type hbm2, width 48" in refused(tmp_path, text, "memory", type="HBM2", width=48)
    assert "has no row of read for type ddr3" in refused(tmp_path, text, "memory", type="DDR3", width=64)


def test_what_is_not_given_must_make_no_difference(tmp_path: Path) -> None:
    assert "needs width: 16, 32" in refused(tmp_path, ADDER)
    assert ask(tmp_path, ADDER.replace("45nm,       1e-9,                 32", "# "), width=16).leakage is not None


def test_attributes_that_no_column_has_are_declined(tmp_path: Path) -> None:
    assert "does not know the attribute 'depth'" in refused(tmp_path, ADDER, width=16, depth=2)


def test_a_table_in_two_numbers_is_not_guessed(tmp_path: Path) -> None:
    text = "a,b,energy,action\n1,2,1,run\n3,2,2,run\n2,1,5,run\n2,3,9,run\n"
    assert "in a and in b, which need not agree" in refused(tmp_path, text, "thing", a=2, b=2)
    assert "nor two" in refused(tmp_path, text, "thing", a="3/2", b="3/2")
    assert ask(tmp_path, text, "thing", a=2, b=2.5).energy_of("run") == pytest.approx(8e-12)


def test_a_closer_row_goes_before_a_wildcard(tmp_path: Path) -> None:
    text = "width,energy,action\n*,9,run\n8,1,run\nX,7,walk\n"
    assert dict(ask(tmp_path, text, "thing", width=8).energy) == {"run": 1e-12, "walk": 7e-12}
    assert ask(tmp_path, text, "thing", width=4).energy_of("run") == 9e-12


def test_rows_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    text = "width,energy,action\n8,1,run\n8,2,run\n"
    assert "two rows that fit but differ, on lines 2 and 3" in refused(tmp_path, text, "thing", width=8)


def test_actions_without_a_row_are_not_known(tmp_path: Path) -> None:
    found = ask(tmp_path, "width,energy,action\n8,1,run\n16,2,run\n8,3,walk\n", "thing", width=16)
    assert dict(found.energy) == {"run": 2e-12, "walk": None}
    assert [note for note in found.notes if note.startswith("the table has no row of walk for width 16")]


# Technology


def test_figures_of_another_technology_are_scaled_and_a_note_says_so(tmp_path: Path) -> None:
    there = scaling(Technology.of(45), Technology.of(65))
    found = ask(tmp_path, ADDER, width=16, technology="65nm")
    assert found.energy_of("add") == pytest.approx(5e-14 * there.energy)
    assert found.area == pytest.approx(6.7e-11 * there.area)
    assert there.text in found.notes
    assert not [note for note in ask(tmp_path, ADDER, width=16).notes if "scaled" in note]


def test_rows_of_several_other_technologies_are_not_chosen_among(tmp_path: Path) -> None:
    text = "technology,energy,action\n45,1,run\n65nm,2,run\n"
    assert ask(tmp_path, text, "thing", "65nm").energy_of("run") == 2e-12
    assert "rows of 45 nm, 1 V, 65 nm, 1.1 V" in refused(tmp_path, text, "thing", "32nm")
    assert "needs a technology" in refused(tmp_path, text, "thing", None)


def test_the_voltage_of_a_row_is_that_of_its_technology(tmp_path: Path) -> None:
    text = "technology,voltage,energy,action\n65nm,1.2,12,run\n"
    assert ask(tmp_path, text, "thing", "65nm, 1.2 V").energy_of("run") == 12e-12
    factor = scaling(Technology.of(65, 1.2), Technology.of(65)).energy
    assert ask(tmp_path, text, "thing", "65nm").energy_of("run") == pytest.approx(12e-12 * factor)


def test_a_table_without_technology_answers_for_any(tmp_path: Path) -> None:
    found = ask(tmp_path, "energy,action\n3,run\n", "thing", None)
    assert (found.energy_of("run"), found.uncertainty) == (3e-12, None)
    assert found.source == "table thing.csv, which names no source"


# Figures


def test_arguments_make_repeated_actions(tmp_path: Path) -> None:
    found = ask(tmp_path, REGFILE, "regfile", width=8, depth=128)
    assert dict(found.energy) == {"read": pytest.approx(0.12e-12), "read_repeated": pytest.approx(0.03e-12)}
    assert found.area is None
    assert "area: not given, or given as 0, which is taken as not known" in found.notes
    assert [note for note in found.notes if "data_delta=0, address_delta=1: 0.05 pJ" in note]


def test_units_may_stand_in_the_header(tmp_path: Path) -> None:
    found = ask(tmp_path, "dynamic energy(fJ),area(um^2),action\n9,5.98,read\n", "thing", None)
    assert (found.energy_of("read"), found.area) == (9e-15, 5.98e-12)


def test_leakage_needs_the_length_of_a_cycle(tmp_path: Path) -> None:
    found = ask(tmp_path, "energy,action\n9,read\n2,leak\n", "thing", None)
    assert found.leakage is None
    assert "leakage is not known: the file gives 2 pJ per cycle of unknown length" in found.notes
    assert ask(tmp_path, "latency,energy,action\n5ns,9,read\n", "thing", None).leakage is None


def test_names_of_accelergy_become_those_of_assay(tmp_path: Path) -> None:
    text = "energy,action\n3,mac_random\n2,mac_reused\n1,mac_gated\n0.5,idle\n"
    found = ask(tmp_path, text, "intmac", None)
    assert [action for action, _ in found.energy] == ["compute", "compute_repeated", "gated", "idle"]
    assert "compute is called mac_random in the file" in found.notes


def test_a_file_may_hold_several_components(tmp_path: Path) -> None:
    text = "# top\nCOMPONENT: jia_Datapath\nenergy,area,action\n12,10535,read # why\n\n,,\nCOMPONENT: b\narea\n7\n"
    found = registry(tmp_path, text, "components")
    assert estimate("jia_datapath", registry=found).energy_of("read") == 12e-12
    assert (estimate("b", registry=found).area, estimate("b", registry=found).actions) == (7e-12, ())


def test_cells_of_comment_beyond_the_header_are_left_out(tmp_path: Path) -> None:
    text = "energy,action,comment\n9,read,as published,energy in pJ\n"
    assert ask(tmp_path, text, "thing", None).energy_of("read") == 9e-12


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("width,action\n8,add\n", 1, "neither a column 'energy' nor one 'area'"),
        ("width,energy\n8,1\n", 1, "gives energies, but has no column 'action'"),
        ("energy,energy(pJ),action\n1,1,add\n", 1, "two columns of energy"),
        ("width,width,energy,action\n8,8,1,add\n", 1, "two columns 'width'"),
        ("energy(ns),action\n1,add\n", 1, "is not in a unit of energy"),
        ("energy,action\n", 1, "has no rows"),
        ("energy,action\nfree,add\n", 2, "the energy 'free' is not a number of at least 0"),
        ("energy,action\n\n-1,add\n", 3, "the energy '-1' is not a number of at least 0"),
        ("energy,action\n1e400,add\n", 2, "the energy '1e400' is not a number of at least 0"),
        ("energy,action\n1e-400,add\n", 2, "the energy '1e-400' is not a number of at least 0"),
        ("energy,action\n1e999999999,add\n", 2, "the energy '1e999999999' is not a number of at least 0"),
        ("area\n1e-400\n", 2, "the area '1e-400' is not a number of at least 0"),
        ("# uncertainty: 1e400\nenergy,action\n1,add\n", 1, "the uncertainty '1e400' is not a share"),
        (f"energy,action\n{'9' * 200_000},add\n", 2, "the line cannot be read: field larger than field limit"),
        ("energy,action\nnan,add\n", 2, "the energy 'nan' is not a number"),
        ("energy,action\n1,\n", 2, "names no action"),
        ("energy,action\n1,add,5\n", 2, "has 3 cells, its header 2"),
        ("technology,energy,action\n1nm,1,add\n", 2, "1 nm is not covered"),
        ("# uncertainty: low\nenergy,action\n1,add\n", 1, "the uncertainty 'low' is not a share"),
        ("# nothing\n", None, "the table is empty"),
    ],
)
def test_mistakes_are_said_at_their_line(tmp_path: Path, text: str, line: int | None, message: str) -> None:
    with pytest.raises(InputError) as caught:
        registry(tmp_path, text, "thing")
    assert message in caught.value.message
    assert caught.value.at is not None
    assert (caught.value.at.file, caught.value.at.line) == (str(tmp_path / "thing.csv"), line)


@pytest.mark.parametrize("figure", ["1e10", "1e100", "1e-100"])
def test_figures_that_cannot_be_stop_though_others_could_answer(tmp_path: Path, figure: str) -> None:
    (tmp_path / "adder.csv").write_text(f"# uncertainty: 0.9\nformat,energy,action\nint8,{figure},add\n")
    found = Registry().with_providers(folder_providers(tmp_path))
    with pytest.raises(InputError, match=r"adder.csv \(.*\) answered .* J as energy of 'add', which no component has"):
        estimate("adder", format="int8", technology="65nm", registry=found)


def test_numbers_beyond_all_are_words(tmp_path: Path) -> None:
    text = f"width,energy,action\n{'*'.join(['1e100'] * 4)},1,run\n8,2,run\n"
    assert ask(tmp_path, text, "thing", width=8).energy_of("run") == 2e-12
    assert "needs width" in refused(tmp_path, text, "thing")


def test_a_table_that_the_user_brought_is_believed_though_it_states_no_uncertainty(tmp_path: Path) -> None:
    (tmp_path / "adder.csv").write_text("format,energy,action\nint8,0.04,add\n")
    found = Registry().with_providers(folder_providers(tmp_path))
    best = estimate("adder", format="int8", technology="65nm", registry=found)
    assert (best.estimator, best.uncertainty) == ("adder.csv", None)
    assert "Adder (built in): states" in best.others[0]
    assert estimate("adder", format="int8", technology="65nm", registry=found, estimator="Adder").uncertainty
    others = ask(tmp_path, "format,energy,action\nint8,0.04,add\n", format="int8")
    assert others.estimator == "adder.csv"
    unnamed = registry(tmp_path, "format,energy,action\nint8,0.04,add\n")
    assert estimate("adder", format="int8", technology="65nm", registry=unnamed).estimator == "Adder"


def test_figures_of_another_unit_are_refused(tmp_path: Path) -> None:
    assert "thing.csv (" in refused(tmp_path, "energy(mJ),action\n1200,read\n", "thing", None)
