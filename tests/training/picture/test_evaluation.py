"""Evaluations in blocks: equal metrics, bounded memory, reported progress, and interruption."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from sfumato import images
from sfumato.errors import RecipeError
from sfumato.images.flip import flip_map
from sfumato.recipe import Recipe
from sfumato.recipe.training import ComparedValues
from sfumato.training.picture import evaluation
from sfumato.training.picture.evaluation import HeldOut, check_metrics, evaluate, rows_per_block
from sfumato.training.problem import InterruptedEvaluationError


def pair(height: int, width: int, channels: int = 3) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    random = np.random.default_rng(7)
    picture = random.random((height, width, channels))
    return (picture + 0.3 * random.normal(size=picture.shape)).astype(np.float32), picture


@pytest.mark.parametrize("shape", [(40, 30), (23, 17), (8, 50), (7, 7), (5, 9), (2, 2)])
@pytest.mark.parametrize("block", [1, 3, 8, 100])
def test_blocks_give_the_same_metrics_as_one_pass(shape: tuple[int, int], block: int) -> None:
    painting, picture = pair(*shape)
    held_out = np.random.default_rng(1).random(shape) < 0.3
    held_out[0, 0] = True
    some = HeldOut(held_out, np.array([0.1, 0.2, 0.3]))
    found = evaluate(lambda rows: painting[rows], picture, some, block=block)
    error, clipped = painting - picture, np.clip(painting, 0, 1) - picture
    expected = [
        np.mean(error**2),
        np.mean(np.abs(error)),
        images.psnr(float(np.mean(clipped**2))),
        images.ssim(painting, picture),
        images.psnr(float(np.mean(clipped[held_out] ** 2))),
        images.psnr(float(np.mean((picture[held_out] - [0.1, 0.2, 0.3]) ** 2))),
    ]
    np.testing.assert_array_equal(found.painting, painting)
    metrics = [found.mse, found.mae, found.psnr, found.ssim, found.psnr_held_out, found.mean_color_psnr_held_out]
    assert metrics == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("which", ["clipped", "unclipped", "rounded"])
def test_the_psnr_is_that_of_the_chosen_values(which: ComparedValues) -> None:
    painting, picture = pair(9, 11)
    held_out = np.random.default_rng(1).random((9, 11)) < 0.3
    found = evaluate(lambda rows: painting[rows], picture, HeldOut(held_out, np.zeros(3)), compared=which, block=4)
    expected = {
        "clipped": np.clip(painting, 0, 1),
        "unclipped": painting,
        "rounded": np.rint(255 * np.clip(painting, 0, 1)) / 255,
    }[which]
    error = (expected - picture) ** 2
    assert found.psnr == pytest.approx(-10 * np.log10(error.mean()), rel=1e-6)
    assert found.psnr_held_out == pytest.approx(-10 * np.log10(error[held_out].mean()), rel=1e-6)
    assert found.psnr_trained == pytest.approx(-10 * np.log10(error[~held_out].mean()), rel=1e-6)


@pytest.mark.slow
def test_the_similarity_of_strips_is_that_of_scikit_image() -> None:
    painting, picture = (np.clip(each, 0, 1) for each in pair(600, 700))
    expected = structural_similarity(painting.astype(np.float64), picture, win_size=7, data_range=1.0, channel_axis=-1)
    assert images.ssim(painting, picture) == pytest.approx(float(np.asarray(expected)), abs=1e-12)


@pytest.mark.slow
def test_memory_stays_bounded() -> None:
    painting, picture = pair(700, 600)
    peaks: list[int] = []
    for block in (700, 20):
        # The first evaluation includes imports.
        evaluate(lambda rows: painting[rows], picture[:8], None)
        tracemalloc.start()
        evaluate(lambda rows: painting[rows], picture, None, block=block)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - painting.nbytes < (peaks[0] - painting.nbytes) / 4


def test_the_progress_of_a_long_evaluation_is_reported_and_of_a_short_one_not(monkeypatch: pytest.MonkeyPatch) -> None:
    painting, picture = pair(20, 10)
    stages: list[tuple[str, int, int]] = []

    def stage(*progress: object) -> None:
        stages.append(progress)  # pyright: ignore[reportArgumentType]

    evaluate(lambda rows: painting[rows], picture, None, block=6, stage=stage)
    assert stages == []
    monkeypatch.setattr(evaluation, "QUIET", 0)
    evaluate(lambda rows: painting[rows], picture, None, block=6, stage=stage)
    assert stages == [("evaluation", done, 20) for done in (0, 6, 12, 18, 20)]


def test_stop_interrupts_it_but_not_after_the_last_block() -> None:
    painting, picture = pair(20, 10)
    blocks: list[slice] = []

    def rows(some: slice) -> NDArray[np.float32]:
        blocks.append(some)
        return painting[some]

    with pytest.raises(InterruptedEvaluationError):
        evaluate(rows, picture, None, block=6, stop=lambda: len(blocks) >= 2)
    assert len(blocks) == 2
    evaluate(rows, picture, None, block=20, stop=lambda: True)


def test_the_block_size_depends_on_the_operations_alone() -> None:
    assert rows_per_block(512, 272_000) == 512
    assert rows_per_block(4000, 272_000) == 65
    assert rows_per_block(4000, 10**9) == 2
    assert rows_per_block(20_000, 10**12) == 1


@pytest.mark.parametrize("block", [5, 100])
def test_metrics_of_held_out_and_trained_pixels_are_means_of_their_maps(block: int) -> None:
    painting, picture = pair(40, 30)
    mask = np.random.default_rng(1).random((40, 30)) < 0.3
    found = evaluate(
        lambda rows: painting[rows], picture, HeldOut(mask, np.zeros(3)), metrics=("ssim", "flip"), block=block
    ).named()
    clipped = np.clip(painting, 0, 1)
    with_map = structural_similarity(
        clipped.astype(np.float64), picture, win_size=7, data_range=1.0, channel_axis=-1, full=True
    )
    inner, of_inner = np.asarray(with_map[1])[3:-3, 3:-3], mask[3:-3, 3:-3]
    errors = flip_map(painting, picture)
    expected = {
        "ssim_held_out": inner[of_inner].mean(),
        "ssim_trained": inner[~of_inner].mean(),
        "flip": errors.mean(),
        "flip_held_out": errors[mask].mean(),
        "flip_trained": errors[~mask].mean(),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-12)
    assert found["psnr_trained"] == pytest.approx(
        images.psnr(float(np.mean((clipped - picture)[~mask] ** 2))), abs=1e-12
    )


def test_only_what_was_asked_for_is_measured() -> None:
    painting, picture = pair(40, 30)
    without = evaluate(lambda rows: painting[rows], picture, None, metrics=())
    assert list(without.named()) == ["mse", "mae", "psnr"]
    assert without.ssim is None
    everywhere = HeldOut(np.ones((40, 30), np.bool_), np.zeros(3))
    all_held_out = evaluate(lambda rows: painting[rows], picture, everywhere, metrics=("ssim", "flip")).named()
    assert not [name for name in all_held_out if name.endswith("_trained")]
    assert all_held_out["flip_held_out"] == pytest.approx(all_held_out["flip"], abs=1e-12)


def test_flip_is_that_of_srgb() -> None:
    painting, picture = pair(40, 30)
    srgb = [images.linear_to_srgb(np.clip(each, 0, 1).astype(np.float64)) for each in (painting, picture)]
    found = evaluate(lambda rows: painting[rows], picture, None, metrics=("flip",), transfer="linear")
    assert found.named()["flip"] == pytest.approx(images.flip(*srgb), abs=1e-5)
    assert abs(images.flip(*srgb) - images.flip(painting, picture)) > 1e-3


def test_a_picture_too_small_for_ms_ssim_is_refused_in_one_line() -> None:
    recipe = Recipe.of({"evaluation": {"metrics": "ms_ssim"}})
    check_metrics(recipe, 161, 161)
    with pytest.raises(RecipeError, match=r"evaluation\.metrics must be .* under 161 pixels\. Got 161x160"):
        check_metrics(recipe, 160, 161)
    with pytest.raises(RecipeError, match=r"evaluation\.metrics"):
        Recipe.of({"evaluation": {"metrics": "lpips"}})
    assert Recipe.of({"evaluation": {"metrics": "flip,ssim,flip"}}).evaluation.metrics == ("ssim", "flip")
    assert Recipe.of({"evaluation": {"metrics": "none"}}).evaluation.metrics == ()
