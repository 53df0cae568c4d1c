"""Verdicts on tables of other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sfumato.errors import RunError
from sfumato.lab import result_rows, result_table
from sfumato.lab.report import table_page
from sfumato.lab.result_rows import Columns
from sfumato.lab.result_table import Result
from sfumato.lab.statistics import over_pictures

# Student (1908): hours of sleep gained by ten patients with two drugs; R's t.test documents 1.58 [0.7001, 2.4599].
SLEEP = {
    "1": [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    "2": [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
}


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def verdict(path: Path, columns: Columns, reference: str | None = None, *, lower: bool = False) -> Result:
    return result_table.compare(result_rows.read(path, columns), reference, lower_is_better=lower)


def sleep(tmp_path: Path, separator: str = ",") -> Path:
    lines = [separator.join(("extra", "group", "ID"))]
    # In another order in each group: pairs are found by the patient.
    for group, values in SLEEP.items():
        of_group = [separator.join((str(value), group, str(number))) for number, value in enumerate(values)]
        lines += of_group if group == "1" else of_group[::-1]
    return written(tmp_path / "sleep.csv", lines)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_student_s_sleep_data(tmp_path: Path, separator: str) -> None:
    found = verdict(sleep(tmp_path, separator), Columns("extra", "group", ("ID",)))
    (comparison,) = found.comparisons
    assert comparison.difference.mean == pytest.approx(1.58)
    assert (comparison.difference.low, comparison.difference.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-6)
    assert found.sentences() == [
        "2 beats 1 by 1.58 extra, 95% CI [0.70, 2.46] (10 pairs of equal ID, higher is better)"
    ]


def test_lower_may_be_better_and_the_reference_chosen(tmp_path: Path) -> None:
    found = verdict(sleep(tmp_path), Columns("extra", "group", ("ID",)), reference="2", lower=True)
    assert found.reference == "2"
    assert found.sentences()[0].startswith("1 beats 2 by 1.58 lower extra, 95% CI [0.70, 2.46]")
    assert "lower is better" in found.sentences()[0]


def wandb(tmp_path: Path, pictures: int = 6) -> Path:
    """Return a table such as W&B exports: quoted, with prefixes, crashed runs, and columns that nobody asked for."""
    lines = ['"Name","State","config.model","config.seed","config.picture","summary.psnr","Notes"']
    for picture in range(pictures):
        for seed in range(3):
            for model in ("siren", "relu, wide"):
                better = 1.0 + 0.1 * picture + 0.01 * seed if model == "siren" else 0.0
                psnr = str(25 + picture + better)
                if (model, picture, seed) == ("siren", 2, 1):
                    psnr = "NaN"
                if (model, picture, seed) == ("relu, wide", 3, 0):
                    psnr = ""
                lines.append(
                    f'"run-{picture}{seed}","finished","{model}","{seed}.0","p{picture}","{psnr}","a ""note"""'
                )
    return written(tmp_path / "wandb.csv", lines)


def test_a_w_and_b_like_export_over_pictures(tmp_path: Path) -> None:
    found = verdict(wandb(tmp_path), Columns("psnr", "model", ("seed",), "picture"), reference="relu, wide")
    (comparison,) = found.comparisons
    differences = [
        [1 + 0.1 * n + 0.01 * seed for seed in range(3) if (n, seed) not in ((2, 1), (3, 0))] for n in range(6)
    ]
    expected = over_pictures(differences)
    assert comparison.difference.mean == pytest.approx(expected.mean)
    assert (comparison.difference.low, comparison.difference.high) == pytest.approx((expected.low, expected.high))
    (sentence,) = found.sentences()
    assert sentence.startswith("siren beats relu, wide on pictures like these by 1.26 psnr, 95% CI [")
    assert "6 pictures, seed share of the variance" in sentence
    assert "2 without a pair" in sentence
    assert [(each.arm, each.trainings, each.missing) for each in found.scores] == [
        ("siren", 18, 1),
        ("relu, wide", 18, 1),
    ]


def test_few_pictures_give_no_verdict(tmp_path: Path) -> None:
    found = verdict(wandb(tmp_path, 4), Columns("psnr", "model", ("seed",), "picture"))
    assert "no verdict on relu, wide against siren" in found.sentences()[0]
    assert "fewer than 5 pictures" in found.sentences()[0]


def test_small_numbers_have_enough_decimals(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    lines = ["arm,seed,mse"]
    for seed in range(9):
        base = 1e-4 * (1 + 0.01 * generator.standard_normal())
        lines += [f"a,{seed},{base}", f"b,{seed},{base - 1e-6 * (1 + 0.1 * generator.standard_normal())}"]
    found = verdict(written(tmp_path / "t.csv", lines), Columns("mse", "arm", ("seed",)), lower=True)
    assert found.sentences()[0].startswith("b beats a by 0.00000")
    low, high = found.sentences()[0].partition("[")[2].partition("]")[0].split(", ")
    assert 0 < float(low) < float(high)


@pytest.mark.parametrize(
    ("lines", "columns", "message"),
    [
        (["a,b"], Columns("a", "b", ("b",)), "must have a header and at least one row"),
        (["a,b", "1"], Columns("a", "b", ("b",)), "as many cells in each row as in its header, 2. Got 1 in row 2"),
        (["arm,seed,psnr", "x,0,1"], Columns("psnr", "arm", ("seed",)), "arm must be a column with 2 to 256 different"),
        (["arm,seed,psnr", "x,0,1"], Columns("psnrr", "arm", ("seed",)), "value must be a column of the table"),
        (["arm,seed,psnr,psnr", "x,0,1,2"], Columns("psnr", "arm", ("seed",)), "which the table has 2 times"),
        (["arm;seed;psnr", "x;0;1,5", "y;0;2,5"], Columns("psnr", "arm", ("seed",)), "write decimals with a point"),
        (["arm,seed,psnr", ",0,1", "y,0,2"], Columns("psnr", "arm", ("seed",)), "Got an empty cell of 'arm' in row 2"),
        (["arm,seed,psnr", "x,0,1"], Columns("psnrr", "arm", ("seed",)), "did you mean 'psnr'?"),
        (["arm,seed,a.psnr,b.psnr", "x,0,1,2"], Columns("psnr", "arm", ("seed",)), "could be a.psnr, b.psnr"),
        (
            ["arm,seed,psnr", "x,0,1", "x,0.0,2", "y,0,1"],
            Columns("psnr", "arm", ("seed",)),
            "Got two of arm 'x' with seed=0",
        ),
    ],
)
def test_wrong_tables_are_refused_in_one_line(tmp_path: Path, lines: list[str], columns: Columns, message: str) -> None:
    with pytest.raises(RunError) as caught:
        verdict(written(tmp_path / "t.csv", lines), columns)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_large_seeds_are_told_apart(tmp_path: Path) -> None:
    seeds = [2**62 + 2000 * number for number in range(6)]
    lines = ["arm,seed,psnr", *(f"a,{seed},1" for seed in seeds), *(f"b,{seed + 7},2" for seed in seeds)]
    (comparison,) = verdict(written(tmp_path / "t.csv", lines), Columns("psnr", "arm", ("seed",))).comparisons
    assert (comparison.difference.pairs, comparison.missing) == (0, 12)


def test_whole_numbers_are_the_same_however_they_are_written(tmp_path: Path) -> None:
    lines = [
        "arm,seed,picture,psnr",
        *(f"a,{n}.0,{n},{n}" for n in range(6)),
        *(f"b,{n},{n}.0,{n + 1}" for n in range(6)),
    ]
    found = verdict(written(tmp_path / "t.csv", lines), Columns("psnr", "arm", ("seed",), "picture"))
    assert found.comparisons[0].difference.pairs == 6
    assert len(found.units) == 6


def test_an_unknown_reference_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="reference must be an arm, such as '1'. Got '7'"):
        verdict(sleep(tmp_path), Columns("extra", "group", ("ID",)), reference="7")


@pytest.mark.parametrize("data", [b"\xff\xfe\x00a", b'a,b\n"' + b"x" * 200_000])
def test_a_file_that_is_no_csv_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(RunError, match=r"t\.csv must "):
        result_rows.read(tmp_path / "t.csv", Columns("b", "a", ("a",)))
    with pytest.raises(RunError, match="must be a CSV file: no such file"):
        result_rows.read(tmp_path / "absent.csv", Columns("b", "a", ("a",)))


def test_the_page_escapes_names(tmp_path: Path) -> None:
    lines = [
        "arm,seed,psnr",
        *(f"<script>alert(1)</script>,{n},{n}" for n in range(6)),
        *(f"b,{n},{n + n % 3}" for n in range(6)),
    ]
    found = verdict(written(tmp_path / "t.csv", lines), Columns("psnr", "arm", ("seed",)))
    page = table_page.page(found, "<t>.csv")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count('class="interval ') == 1
    unit = "<img src=x onerror=alert(1)>"
    lines = [f"arm,seed,{unit},psnr", *(f"{arm},{n},{n},{n}" for arm in "ab" for n in range(6))]
    found = verdict(written(tmp_path / "t.csv", lines), Columns("psnr", "arm", ("seed",), unit))
    assert "<img src=x" not in table_page.page(found, "t.csv")


def crashed(tmp_path: Path) -> Path:
    """Return a table in which the second arm's crashed runs have low scores, and tuning has rows of its own."""
    lines = ["purpose,arm,seed,config/State,psnr"]
    for arm, gain in (("a", 0.0), ("b", 1.0)):
        lines += [f"tuning,{arm},9,finished,{10 + rate}" for rate in range(3)]
        for seed in range(8):
            state, psnr = ("crashed", 3.0) if (arm, seed) in (("b", 6), ("b", 7)) else ("finished", 20 + seed + gain)
            lines.append(f"verdict,{arm},{seed},{state},{psnr + 0.01 * seed * (arm == 'b')}")
    return written(tmp_path / "crashed.csv", lines)


COLUMNS = Columns("psnr", "arm", ("seed",))


def test_rows_with_other_values_are_left_out_and_counted(tmp_path: Path) -> None:
    all_of = result_rows.read(crashed(tmp_path), COLUMNS, [("purpose", "verdict")])
    assert (len(all_of.rows), all_of.left_out) == (16, 6)
    assert all_of.unfinished == (
        "rows count whatever their config/State: 2 crashed; leave them out with --where config/State=finished"
    )
    some = result_rows.read(crashed(tmp_path), COLUMNS, [("purpose", "verdict"), ("state", "finished")])
    assert (len(some.rows), some.left_out, some.unfinished) == (14, 8, "")
    (sentence,) = result_table.compare(some).sentences()
    assert sentence.startswith("b beats a by 1.025 psnr, 95% CI [")
    assert sentence.endswith("8 rows left out by --where purpose=verdict --where state=finished)")
    # Several values of one column are alternatives.
    both = [("purpose", "verdict"), ("state", "finished"), ("state", "crashed")]
    assert result_rows.read(crashed(tmp_path), COLUMNS, both).left_out == 6


@pytest.mark.parametrize("state", ["finished", "FINISHED", "Completed", "success", ""])
def test_finished_trainings_give_no_warning(tmp_path: Path, state: str) -> None:
    lines = ["arm,seed,Status,psnr", *(f"{arm},{seed},{state},{seed}" for arm in "ab" for seed in range(5))]
    assert result_rows.read(written(tmp_path / "t.csv", lines), COLUMNS).unfinished == ""


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (("purposes", "verdict"), "where must be a column of the table. Got 'purposes'; did you mean 'purpose'?"),
        (("purpose", "test"), "where must have a value of column 'purpose'. Got 'test'; it has 'verdict', 'tuning'."),
    ],
)
def test_conditions_that_no_row_meets_are_refused(tmp_path: Path, where: tuple[str, str], message: str) -> None:
    with pytest.raises(RunError) as caught:
        result_rows.read(crashed(tmp_path), COLUMNS, [where])
    assert str(caught.value) == message


def test_rows_of_several_pictures_lead_to_the_unit_not_to_more_pairs(tmp_path: Path) -> None:
    """With --pair seed,picture the seeds of one picture would count as independent."""
    with pytest.raises(RunError, match=r"Got two of arm 'siren' with config\.seed=0; name the column of the") as caught:
        result_rows.read(wandb(tmp_path), Columns("psnr", "model", ("seed",)))
    assert "(--unit config.picture), or filter the rows (--where COLUMN=VALUE)" in str(caught.value)
    assert "--pair" not in str(caught.value)
    with pytest.raises(RunError, match=r"\(--unit COLUMN\), or filter the rows"):
        result_rows.read(crashed(tmp_path), COLUMNS)


def test_a_value_is_called_as_it_was_given(tmp_path: Path) -> None:
    lines = ["arm,seed,loss/val", *(f"{arm},{seed},{seed + (arm == 'b')}" for arm in "ab" for seed in range(5))]
    for given, called in (("loss/val", "loss/val"), ("val", "val")):
        found = verdict(written(tmp_path / "t.csv", lines), Columns(given, "arm", ("seed",)), lower=True)
        assert found.sentences()[0].startswith(f"a beats b by 1.0 lower {called}, 95% CI")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("")
    with pytest.raises(RunError, match="must have a header and at least one row. Got none"):
        result_rows.read(tmp_path / "t.csv", COLUMNS)
