"""Experiments on several pictures: what is trained, what counts, and what the verdict says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import sfumato as sf
from sfumato import memory
from sfumato.errors import PictureError, RecipeError
from sfumato.lab import picture_sets, verdict
from sfumato.lab.arms import Picture, values_of
from sfumato.lab.compare import plan_of
from sfumato.lab.experiment import Experiment, run_plan, trial_of, trials
from sfumato.lab.pending import pending_keys
from sfumato.lab.plan import PICTURE_STRIDE, Plan
from sfumato.lab.statistics import over_pictures
from sfumato.lab.trial import Outcome, Trial, failed, identity
from sfumato.recipe import Recipe, changed
from tests.lab.small_plan import BASE


def picture(number: int, rows: int = 9, columns: int = 8, channels: int = 3) -> Picture:
    values = np.random.default_rng(number).random((rows, columns, channels)).astype(np.float32)
    return Picture(f"photos/p{number}.png", values)


def plan(count: int, *, picked: Sequence[Picture] = (), arms: int = 2, **how: Any) -> Plan:
    base = changed(Recipe(), BASE)
    recipes = {chr(97 + number): changed(base, {"model": {"width": 8 + number}}) for number in range(arms)}
    return plan_of(recipes, picked or [picture(n) for n in range(count)], **{"seeds": 2, "tune": False, **how})


def scored(
    path: Path, of: Plan, score: Any, fails: Any = lambda _: False, diverges: Any = lambda _: False
) -> Experiment:
    """Return an experiment whose trials have the scores of a function of their key."""

    def executor(pending: Iterable[Trial], _: Any, __: Any) -> Iterator[Outcome]:
        for trial in pending:
            if fails(trial.key):
                yield failed(trial.key, "on purpose")
                continue
            row = {
                **identity(trial.key), "status": "finished", "reason": None, "psnr": score(trial.key), "ssim": 0.5,
                "mse": 0.01, "epoch": 4.0, "step": 30, "samples": 480, "seconds": 2.0, "engine": "fused", "curve": [],
            }  # fmt: skip
            if diverges(trial.key):
                row["status"] = "diverged"
            yield Outcome(trial.key, row, {}, (), None)

    pictures = tuple(np.zeros((each["height"], each["width"], each["channels"]), np.float32) for each in of.pictures)
    return run_plan(of, pictures, path, executor=executor)


def test_every_arm_trains_on_every_picture_with_seeds_of_its_own() -> None:
    of = plan(6)
    found = trials(of, {})
    assert len(found) == 2 * 6 * 2
    seeds = {(trial.key.picture, trial.key.seed): trial.recipe.seed for trial in found}
    assert len(set(seeds.values())) == 12
    assert seeds[3, 1] == 3 * PICTURE_STRIDE + 1
    assert {trial.recipe.picture.source for trial in found if trial.key.picture == 4} == {"photos/p4.png"}
    # Arms are paired: the same seeds on the same picture.
    by_arm = [{trial.recipe.seed for trial in found if trial.key.arm == arm} for arm in "ab"]
    assert by_arm[0] == by_arm[1]


def test_pictures_for_tuning_do_not_count_if_enough_are_left() -> None:
    of = plan(9, tune=True)
    assert len(of.tuning_pictures) == 3
    assert set(of.tuning_pictures).isdisjoint(of.verdict_pictures)
    assert len(of.verdict_pictures) == 6
    assert {picture for picture, _ in of.tuning_units} == set(of.tuning_pictures)
    assert {key.picture for key in pending_keys(of, {})} == set(of.tuning_pictures)
    seeds = {trial_of(of, key).recipe.seed for key in pending_keys(of, {})}
    assert seeds == {1_000_000, 1_000_001, 1_000_002}
    # With fewer than five left, all pictures count, and tuning has other seeds.
    few = plan(7, tune=True)
    assert few.verdict_pictures == tuple(range(7))
    assert few.tuning_seeds[0] == 1_000_000


def test_the_order_of_the_pictures_does_not_choose_those_for_tuning() -> None:
    all_of = [picture(n) for n in range(9)]
    names = []
    for order in (all_of, all_of[::-1]):
        of = plan(9, picked=order, tune=True)
        names.append({of.picture_names[number] for number in of.tuning_pictures})
    assert names[0] == names[1]


def test_the_interval_is_over_pictures(tmp_path: Path) -> None:
    def score(key: Any) -> float:
        return 20 + key.picture + (key.arm == "b") * (1 + 0.3 * key.picture + 0.1 * key.seed)

    found = scored(tmp_path / "e", plan(6), score)
    (comparison,) = verdict.comparisons(found)
    expected = over_pictures([[1 + 0.3 * n, 1.1 + 0.3 * n] for n in range(6)])
    assert comparison.difference.mean == pytest.approx(expected.mean)
    assert (comparison.difference.low, comparison.difference.high) == pytest.approx((expected.low, expected.high))
    assert comparison.difference.pairs == 6
    (sentence,) = verdict.sentences(found)
    assert sentence.startswith("b beats a on pictures like these by 1.80 dB, 95% CI [")
    assert "6 pictures x 2 paired seeds, seed share of the variance" in sentence


def test_fewer_than_five_pictures_give_no_verdict(tmp_path: Path) -> None:
    found = scored(tmp_path / "e", plan(4, seeds=9), lambda key: 20.0 + (key.arm == "b") + 0.01 * key.picture)
    (sentence,) = verdict.sentences(found)
    assert sentence.startswith("no verdict on b against a: +1.00 dB")
    assert "fewer than 5 pictures" in sentence


def test_a_picture_on_which_an_arm_failed_counts_with_its_other_seeds(tmp_path: Path) -> None:
    found = scored(
        tmp_path / "e",
        plan(6),
        lambda key: 20.0 + (key.arm == "b") * (1 + key.picture),
        fails=lambda key: key.arm == "b" and (key.picture == 2 or (key.picture, key.seed) == (3, 1)),
    )
    (comparison,) = verdict.comparisons(found)
    assert (comparison.difference.pairs, comparison.missing) == (5, 3)
    assert comparison.difference.mean == pytest.approx(np.mean([1, 2, 4, 5, 6]))


def test_pictures_of_different_sizes_train_on_equally_many_samples() -> None:
    sizes = [picture(0, 8, 8), picture(1, 8, 16), *(picture(n, 8, 8) for n in range(2, 5))]
    samples = {}
    for equal in ("epochs", "samples"):
        of = plan(5, picked=sizes, equal=equal)
        for trial in trials(of, {}):
            assert trial.recipe.budget.epochs is not None
            samples[equal, trial.key.picture] = trial.recipe.budget.epochs * of.samples(trial.key.picture)
    assert {samples["epochs", n] for n in (0, 1)} == {256, 512}
    assert {samples["samples", n] for n in range(5)} == {256}


def test_equal_samples_say_that_they_are_rounded(tmp_path: Path) -> None:
    """A step has whole batches: samples are equal but for less than one of them."""
    base: dict[str, Any] = {"picked": [picture(n, 8, 8 + n) for n in range(5)], "seeds": 1}
    for equal, words in (
        ("samples", "4 epochs of the smallest picture's samples, rounded up to whole steps"),
        ("epochs", "4 epochs)"),
    ):
        found = scored(tmp_path / equal, plan(5, equal=equal, **base), lambda key: 20.0 + key.picture)
        assert words in verdict.sentences(found)[0]
        assert "5 pictures x 1 paired seed," in verdict.sentences(found)[0]


def test_one_of_something_is_in_the_singular(tmp_path: Path) -> None:
    found = scored(tmp_path / "e", plan(1, seeds=1), lambda _: 20.0)
    assert "1 paired seed," in verdict.sentences(found)[0]


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ([picture(0), picture(1, channels=1)], "same number of channels. Got 3 in photos/p0.png and 1 in photos/p1"),
        ([picture(0), picture(1), picture(0)], "every picture must be given once"),
    ],
)
def test_pictures_that_cannot_be_compared_are_refused(pictures: list[Picture], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        plan(0, picked=pictures)


def test_pictures_of_equal_names_have_unique_names() -> None:
    values: list[NDArray[np.float32]] = [picture(n).values for n in range(4)]
    sources = ("a/x.png", "b/x.png", "b/x.jpg", "c/y.png")
    of = plan(0, picked=[Picture(source, value) for source, value in zip(sources, values, strict=True)])
    assert len(set(of.picture_names)) == 4
    assert of.picture_names[3] == "y"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for number in range(6):
        rows = np.random.default_rng(number).integers(0, 256, (3, 3 + number % 2, 3), np.uint8)
        Image.fromarray(rows).resize((12, 10)).save(tmp_path / "photos" / f"p{number}.png")
    return tmp_path / "photos"


@pytest.mark.slow
def test_compare_trains_on_a_folder_of_pictures_and_is_continued(folder: Path, tmp_path: Path) -> None:
    arms = {"narrow": {"model": {"width": 4}}, "wide": {"model": {"width": 12}}}
    how: dict[str, Any] = {"tune": False, "out": tmp_path / "e", "budget": {"epochs": 4}, "model": {"depth": 2}}
    found = sf.compare(arms, pictures=str(folder), seeds=1, **how)
    assert len(found.rows) == 12
    again = sf.compare(arms, pictures=[folder / f"p{n}.png" for n in range(6)], seeds=2, **how)
    assert len(again.rows) == 24
    assert all(again.rows[key] == row for key, row in found.rows.items())
    for number in range(6):
        expected = sf.load_picture(folder / f"p{number}.png")
        assert np.array_equal(again.folder.picture(number), expected)
    # Each trial is a training of its picture by itself.
    key = next(key for key in again.rows if (key.arm, key.picture, key.seed) == ("wide", 5, 1))
    alone = list(sf.train(sf.load_picture(folder / "p5.png"), recipe=trial_of(again.plan, key).recipe))[-1]
    assert alone.evaluation is not None
    assert again.rows[key]["psnr"] == alone.evaluation.psnr
    page = (tmp_path / "e" / "report.html").read_text()
    assert page.count('class="interval ') == 1 + 6
    for text in ("Performance profile", "probability of improvement", "p3, the picture", "--pictures"):
        assert text in page
    header, *rows = (tmp_path / "e" / "trials.csv").read_text().splitlines()
    assert "picture" in header.split(",")
    assert len(rows) == 24


@pytest.mark.slow
def test_arrays_in_memory_are_pictures_too(tmp_path: Path) -> None:
    values = [picture(n).values for n in range(5)]
    found = sf.compare(
        {"a": {"seed": 0}, "b": {"model": {"width": 9}}},
        pictures=values,
        seeds=1,
        tune=False,
        out=tmp_path / "e",
        budget={"steps": 2},
        model={"depth": 1, "width": 8},
    )
    assert found.plan.picture_names == tuple(f"picture {n}" for n in range(1, 6))
    assert "No command line can repeat" in (tmp_path / "e" / "report.html").read_text()


@pytest.mark.parametrize("pattern", ["", "p[0-4].png"])
def test_a_path_of_pictures_is_read_as_its_text(folder: Path, pattern: str) -> None:
    of_path, of_text = (picture_sets.load(Recipe(), given) for given in (folder / pattern, str(folder / pattern)))
    assert [each.source for each in of_path] == [each.source for each in of_text]
    assert len(of_path) == (5 if pattern else 6)


def test_a_picture_and_pictures_are_refused(folder: Path) -> None:
    with pytest.raises(RecipeError, match="either a picture or pictures"):
        sf.compare({"a": {}, "b": {}}, "cat", pictures=str(folder))


def test_a_picture_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "p3.png").write_bytes(b"broken")
    with pytest.raises(PictureError, match=r"^picture 4 of 6 \(.*p3\.png\): ") as caught:
        sf.compare({"a": {}, "b": {"seed": 1}}, pictures=str(folder))
    assert "\n" not in str(caught.value)


def test_pictures_that_do_not_fit_into_memory_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = values_of([Picture("", sf.load_picture(folder / "p0.png"))])[0].nbytes
    monkeypatch.setattr(memory, "task_limit", lambda: 5 * one)
    with pytest.raises(PictureError, match="fit into half of the memory.*first 3 of 6; set picture.max_side"):
        sf.compare({"a": {}, "b": {"seed": 1}}, pictures=str(folder))
