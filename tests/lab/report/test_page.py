"""The page says what the experiment says, in one file that no name can break out of."""

from __future__ import annotations

import csv
import re
import shlex
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

import sfumato as sf
from sfumato.cli.main import main
from sfumato.errors import RunError
from sfumato.lab import report, verdict
from sfumato.lab.experiment import load_experiment
from sfumato.lab.plan import MOST_ARMS
from sfumato.lab.report.page import LARGEST
from sfumato.lab.report.recipes import repeat_command, tuned_recipe
from sfumato.lab.report.verdict_part import headline
from sfumato.log import log_to
from sfumato.recipe.text import from_string
from tests.lab.report import stub
from tests.shortened import fast_forecasts


class Read(HTMLParser):
    """A parser that collects the elements and the visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.words += "\n" if tag in ("p", "button", "section") else ""

    def handle_data(self, data: str) -> None:
        self.words += data


def page(path: Path) -> str:
    return (path / report.PAGE).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_says_what_the_experiment_says(tmp_path: Path) -> None:
    found = stub.experiment(tmp_path / "e", ("a", "b", "c"), tune=True)
    files = report.write(found)
    assert [file.name for file in files] == ["report.html", "trials.csv", "trials.parquet", "curve.csv"]
    text = Read(page(tmp_path / "e")).words
    assert "All 2 others beat a" in text
    for sentence in verdict.sentences(found):
        assert sentence in text
    assert "Not finished" not in text
    assert "None: every trial finished." in text
    # Every whole recipe, at its tuned learning rate.
    commands = re.findall(r"sfumato paint \S+ --recipe (sf2:[\w-]+)", text)
    assert [from_string(each) for each in commands] == [tuned_recipe(found, arm) for arm in found.plan.arms]


def test_the_page_loads_nothing_and_has_one_script(tmp_path: Path) -> None:
    report.write(stub.experiment(tmp_path / "e"))
    found = Read(page(tmp_path / "e"))
    sources = [value for _, attributes in found.tags for name, value in attributes.items() if name in ("src", "href")]
    assert sources
    assert all(str(source).startswith(("data:", "#")) for source in sources)
    # The policy would block inline styles and handlers.
    assert not [name for _, attributes in found.tags for name in attributes if name == "style" or name.startswith("on")]
    policy = next(str(each["content"]) for _, each in found.tags if each.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_name_cannot_break_out(tmp_path: Path) -> None:
    names = (stub.HOSTILE, "b\x1b[31m", "c" * 5000)
    found = stub.experiment(tmp_path / "e", names, lambda arm, seed, rate: None if arm[0] == "b" else 20.0 + seed)
    report.write(found)
    text = page(tmp_path / "e")
    parsed = Read(text)
    assert [tag for tag, _ in parsed.tags].count("script") == 2
    assert not [each for tag, each in parsed.tags if "onerror" in each or each.get("src") == "x"]
    assert "<b>on purpose</b>" in parsed.words
    assert "\x1b" not in text
    assert "c" * 601 not in text, "names are shortened: no command can give one with = in it"


def test_an_unfinished_experiment_has_no_verdict(tmp_path: Path) -> None:
    report.write(stub.experiment(tmp_path / "e", only=8))
    text = Read(page(tmp_path / "e")).words
    assert "No verdict yet" in text
    assert "8 trials done, about 2 to go" in text
    assert " beats " not in text
    report.write(stub.experiment(tmp_path / "none", only=0, tune=True))
    assert "2 arms without a learning rate yet" in Read(page(tmp_path / "none")).words


@pytest.mark.slow
def test_failures_and_rates_at_the_border_are_reported(tmp_path: Path) -> None:
    def score(arm: str, seed: int, rate: float) -> float | None:
        return None if arm == "b" and seed == 3 else 20.0 + (np.log(rate) if arm == "a" else -abs(np.log(rate)))

    report.write(stub.experiment(tmp_path / "e", score=score, tune=True))
    text = Read(page(tmp_path / "e")).words
    assert "a: its best rate is the largest that was tried" in text
    assert "b: its best" not in text
    assert "RuntimeError: <b>on purpose</b>" in text
    assert "1 trial of" in text


@pytest.mark.parametrize(
    ("shift", "large"),
    [
        ((2.0, 2.0), "All 2 others beat a"),
        ((-2.0, -2.0), "a beats all 2 others"),
        ((0.0, 0.0), "No difference shown between a and any of the 2 others"),
        ((2.0, -2.0), "1 of 2 beats a; 1 does worse"),
        ((0.0, -2.0), "1 of 2 does worse than a; no difference shown for 1"),
        ((2.0,), "b beats a"),
        ((0.0,), "No difference shown between b and a"),
    ],
)
def test_the_headline_follows_the_intervals(shift: tuple[float, ...], large: str, tmp_path: Path) -> None:
    noise = [0.05, -0.04, 0.03, -0.03, -0.01]

    def score(arm: str, seed: int, rate: float) -> float:
        return 20.0 + seed + (shift[ord(arm) - ord("b")] + noise[seed] if arm != "a" else 0)

    found = stub.experiment(tmp_path / "e", "abc"[: len(shift) + 1], score)
    assert headline(verdict.comparisons(found))[0] == large


@pytest.mark.slow
def test_the_size_of_the_page_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An eighth of the bytes for an eighth of 64 arms.
    largest, arms = LARGEST // 8, 8
    monkeypatch.setattr("sfumato.lab.report.page.LARGEST", largest)
    names = [f"{stub.HOSTILE * 3} {number}" for number in range(arms)]
    picture = np.random.default_rng(0).random((150, 2000, 3), np.float32)
    found = stub.experiment(tmp_path / "e", names, picture=picture, noise=True, seeds=1)
    report.write(found)
    assert largest / 4 < (tmp_path / "e" / report.PAGE).stat().st_size <= largest
    pictures = [each for tag, each in Read(page(tmp_path / "e")).tags if tag == "img" and each.get("src")]
    assert len(pictures) == 2 * arms + 1
    assert int(str(pictures[0]["width"])) > 200


@pytest.mark.slow
def test_the_page_holds_the_largest_number_of_arms(tmp_path: Path) -> None:
    found = stub.experiment(tmp_path / "e", [f"arm {number}" for number in range(MOST_ARMS)], seeds=1)
    report.write(found)
    assert (tmp_path / "e" / report.PAGE).stat().st_size <= LARGEST
    assert f"arm {MOST_ARMS - 1}" in page(tmp_path / "e")


@pytest.mark.slow
def test_the_tables_have_one_row_per_trial(tmp_path: Path) -> None:
    found = stub.experiment(tmp_path / "e", score=lambda arm, seed, _: None if seed == 1 else 20.0)
    report.write(found)
    rows = list(csv.DictReader((tmp_path / "e" / "trials.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(found.rows) == 10
    assert [row["status"] for row in rows].count("failed") == 2
    assert {float(row["lr"]) for row in rows} == {0.003}
    table = parquet.read_table(tmp_path / "e" / "trials.parquet")
    assert table.column_names == list(rows[0])
    assert [value or None for value in (row["psnr"] for row in rows)] == [
        None if value is None else repr(value) for value in table["psnr"].to_pylist()
    ]
    marks = list(csv.DictReader((tmp_path / "e" / "curve.csv").read_text(encoding="utf-8").splitlines()))
    assert len(marks) == 8 * 4


def test_without_pyarrow_one_line_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = stub.experiment(tmp_path / "e")
    report.write(found)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    messages: list[str] = []
    with log_to(messages.append):
        files = report.write(found)
    assert len(messages) == 1
    assert "pip install 'sfumato[lab]'" in messages[0]
    assert [file.name for file in files] == ["report.html", "trials.csv", "curve.csv"]
    assert not (tmp_path / "e" / "trials.parquet").exists()


@pytest.mark.slow
def test_a_recipe_trains_to_the_same_number_and_the_command_is_the_same_experiment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = sf.compare({"a": {}, "b o": {"model": {"width": 9}}}, seeds=2, out=tmp_path / "e", **SMALL)
    for arm in found.plan.arms:
        recipe = tuned_recipe(found, arm)
        assert recipe is not None
        alone = list(sf.train(recipe=from_string(sf_string(recipe))))[-1]
        assert alone.evaluation is not None
        assert alone.evaluation.psnr == found.scores(arm)[0, 0]
    fast_forecasts(monkeypatch)
    command = repeat_command(found)
    assert command is not None
    before = (tmp_path / "e" / "trials.jsonl").read_text()
    # A folder that held another experiment would be refused.
    assert main([*shlex.split(command)[1:], "--out", str(tmp_path / "e")]) == 0
    assert (tmp_path / "e" / "trials.jsonl").read_text() == before
    assert f"report      {tmp_path / 'e' / report.PAGE}" in capsys.readouterr().out


SMALL = {
    "picture": {"source": "cat", "max_side": 12},
    "model": {"depth": 2, "width": 8},
    "training": {"batch": 16, "optimizer": "adam(lr=0.003)"},
    "budget": {"epochs": 2},
}


def sf_string(recipe: sf.Recipe) -> str:
    from sfumato.recipe import to_string

    return to_string(recipe)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stub.experiment(tmp_path / "e", only=3)
    assert main(["report", str(tmp_path / "e")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("not finished: 3 trials done, about 7 to go\nreport ")
    assert str(tmp_path / "e" / "report.html") in out
    for arguments, message in (
        ([], "must be given the folder of an experiment"),
        ([str(tmp_path / "no")], "without a plan"),
    ):
        assert main(["report", *arguments]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


def test_missing_files_are_reported(tmp_path: Path) -> None:
    stub.experiment(tmp_path / "e")
    for file in (tmp_path / "e" / "paintings").iterdir():
        file.write_bytes(b"no picture") if file.name.startswith("00") else file.unlink()
    report.write(load_experiment(tmp_path / "e"))
    assert "No painting was saved." in Read(page(tmp_path / "e")).words
    before = page(tmp_path / "e")
    (tmp_path / "e" / "pictures" / "000.npy").unlink()
    with pytest.raises(RunError, match="picture"):
        report.write(load_experiment(tmp_path / "e"))
    assert page(tmp_path / "e") == before
