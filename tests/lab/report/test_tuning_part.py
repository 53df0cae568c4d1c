"""The report's part about tuning: what was tried, on each rung, and what was chosen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sfumato.lab import report, verdict
from sfumato.lab.experiment import Experiment
from sfumato.lab.report.page import page
from sfumato.lab.report.recipes import repeat_command, tuned_recipe
from sfumato.lab.report.tables import arms_table
from sfumato.lab.report.tuning_part import format_setting, tuning_part
from sfumato.lab.result_values import result_values
from tests.lab import tuned

pytest.importorskip("optuna")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    return tuned.run(tuned.plan(seeds=5), tmp_path_factory.mktemp("tuned") / "e")


def rows_of(part: str, arm: int) -> list[list[str]]:
    """Return the cells of an arm's table, without its head."""
    table = part.split("<table>")[1 + arm].partition("</table>")[0].partition("<tbody>")[2]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("</tr>")[:-1]]


def test_every_setting_is_listed_with_its_score_on_each_rung(found: Experiment) -> None:
    part = tuning_part(found)
    assert "8 with 1/9 of the budget, 2 with 1/3 of the budget, 2 with the whole budget" in part
    assert "Searched: lr 3.16e-05 to 0.0316, omega 3.75 to 240." in part
    sine, relu = rows_of(part, 0), rows_of(part, 1)
    assert len(sine) == len(relu) == 8
    assert {len(row) for row in sine} == {6}
    assert {len(row) for row in relu} == {5}
    # Those that were trained longest come first; the others have no score there.
    assert [bool(row[-1]) for row in sine] == [True] * 2 + [False] * 6
    assert part.count('class="best"') == 2
    (first,) = re.findall(r'<tr class="best"><th scope="row">(\d+)</th>', part.split("<table>")[1])
    assert sine[0][0] == first
    setting = found.setting(found.plan.arms[0])
    assert sine[0][1:3] == [f"{setting.rates[0]:.3g}", f"{dict(setting.values)['omega']:g}"]


def test_the_page_tells_what_was_chosen(found: Experiment) -> None:
    setting = found.setting(found.plan.arms[0])
    omega = f"omega {dict(setting.values)['omega']:g}"
    assert omega in arms_table(found)
    whole = page(found)
    assert '<a href="#rates">Tuned values</a>' in whole
    assert f"at rate {format_setting(setting)}" in whole
    assert "Each arm trained at its own best values of lr, omega, found on 3 other seeds" in whole
    assert "Only values of lr, omega were tuned" in whole
    recipe = tuned_recipe(found, found.plan.arms[0])
    assert recipe is not None
    assert str(recipe.model.activation) == f"sine(omega={dict(setting.values)['omega']})"
    assert report.write(found)[0].exists()


def test_the_command_repeats_the_search(found: Experiment) -> None:
    command = repeat_command(found)
    assert command is not None
    assert "--tune lr,omega --tuning-seeds 3 --tuning-trials 8" in command


def test_results_for_programs_have_the_values(found: Experiment) -> None:
    sine, relu = result_values(found)["arms"]
    assert sine["values"] == dict(found.setting(found.plan.arms[0]).values)
    assert relu["values"] == {}
    assert len(verdict.sentences(found)) == 1


def test_an_unfinished_search_has_a_page(tmp_path: Path) -> None:
    some = tuned.run(tuned.plan(), tmp_path / "e", at_most=30)
    whole = page(some)
    assert "2 arms without values of lr, omega yet" in whole
    assert "not known yet" in tuning_part(some)


def test_one_number_is_a_row_of_values_per_arm(tmp_path: Path) -> None:
    of = tuned.plan(tune="omega", tuning_trials=None)
    part = tuning_part(tuned.run(of, tmp_path / "e"))
    assert "Three values of the range come first" in part
    # The middle, and half way to either end on a logarithmic scale.
    assert all(f'<th scope="col">{value}</th>' in part for value in ("10.6", "30", "84.9"))
    assert "<td>not tuned</td>" in part


def test_a_border_and_failures_are_told(tmp_path: Path) -> None:
    of = tuned.plan(tune="lr=1e-5..1e-4:log,omega")
    assert "its best lr is at the largest end of the range" in tuning_part(tuned.run(of, tmp_path / "border"))
    of = tuned.plan()
    none = tuned.run(of, tmp_path / "e", lambda key: None if key.purpose == "tuning" and key.arm == "a" else 20.0)
    assert "with none of the settings tried did every tuning seed finish" in tuning_part(none)
