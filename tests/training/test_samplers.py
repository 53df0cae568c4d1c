from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sfumato.recipe import choices
from sfumato.training.grid import Grid
from sfumato.training.samplers import Context, Draws, Sampler, build
from sfumato.training.samplers.evos import ranked

HEIGHT, WIDTH, BATCH = 20, 25, 10
N = HEIGHT * WIDTH
MASK = np.random.default_rng(1).random((9, 7)) < 0.7
COARSE = (35, 130)
"""Squares of 4 x 4 and of 2 x 2 pixels in the picture."""
ERRORS = np.random.default_rng(2).standard_normal((N, 3)) ** 3
FUNCTIONS_OF_THE_EPOCH = [choices.Shuffled(), choices.Sequential(), choices.Fixed(), choices.Replacement()]
UNBIASED = [
    choices.Shuffled(),
    choices.Replacement(),
    choices.Sobol(),
    choices.Halton(),
    choices.Stratified(),
    choices.ErrorProportional(),
    choices.ErrorProportional(power=2, uniform=0.3, interval=3),
]
SELECTIVE = [choices.CoarseToFine(), choices.EVOS()]


def context(
    grid: Grid | None = None,
    seed: int = 3,
    batch: int = BATCH,
    errors: Callable[[], np.ndarray] | None = None,
    progress: Callable[[], float] = lambda: 0.0,
) -> Context:
    grid = grid or Grid(HEIGHT, WIDTH)
    return Context(seed, batch, grid, progress, errors or (lambda: ERRORS[: grid.samples]), COARSE)


def epochs(choice: choices.Sampler, seed: int = 3) -> list[np.ndarray]:
    sampler = build(choice, context(seed=seed))
    return [sampler.epoch().indices for _ in range(3)]


def sampled(choice: choices.Sampler) -> Sampler:
    return build(choice, context())


def test_every_member_is_tested() -> None:
    tested = {type(choice) for choice in [*FUNCTIONS_OF_THE_EPOCH, *UNBIASED, *SELECTIVE]}
    assert tested == set(choices.Sampler.members.values())


@pytest.mark.slow
@pytest.mark.parametrize("choice", [each() for each in choices.Sampler.members.values()], ids=str)
def test_every_pixel_once_per_epoch_where_the_sampler_permutes(choice: choices.Sampler) -> None:
    assert all(sorted(epoch) == list(range(N)) for epoch in epochs(choice)) == choice.permutes


def test_the_order_of_each_sampler() -> None:
    shuffled, sequential, fixed = (
        epochs(choice) for choice in (choices.Shuffled(), choices.Sequential(), choices.Fixed())
    )
    assert (shuffled[0] != shuffled[1]).mean() > 0.9
    assert (sequential[0] == np.arange(N)).all()
    assert (sequential[2] == np.arange(N)).all()
    assert (fixed[0] == fixed[1]).all()
    assert (fixed[0] != np.arange(N)).mean() > 0.9
    assert (epochs(choices.Shuffled(), seed=4)[0] != shuffled[0]).mean() > 0.9


def test_replacement_draws_independently() -> None:
    first, second, _ = epochs(choices.Replacement())
    assert len(first) == N
    # The expected fraction of pixels that are drawn at least once is 1 - 1/e.
    assert len(set(first)) / N == pytest.approx(1 - np.exp(-1), abs=0.06)
    assert (first != second).mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("grid", [Grid(HEIGHT, WIDTH), Grid(9, 7, MASK), Grid(1, 40)], ids=["whole", "mask", "line"])
@pytest.mark.parametrize("choice", UNBIASED, ids=str)
def test_the_expected_gradient_of_a_step_is_the_full_gradient(choice: choices.Sampler, grid: Grid) -> None:
    # Gradients of the samples' losses, of a trend over the picture and noise.
    n, runs, random = grid.samples, 600, np.random.default_rng(0)
    gradients = np.stack([np.linspace(-2, 2, n), np.abs(ERRORS[:n, 0]), random.standard_normal(n)], axis=1)
    means = np.empty((runs, 3))
    for seed in range(runs):
        sampler = build(choice, context(grid, seed, batch=8))
        indices, weights = sampler.epoch()
        assert len(indices) == n
        # The second step of an epoch.
        factors = np.ones(n) if weights is None else weights
        means[seed] = (gradients[indices] * factors[:, None])[8:16].mean(axis=0)
    standard_error = means.std(axis=0, ddof=1) / np.sqrt(runs)
    full = gradients.mean(axis=0)
    assert np.all(np.abs(means.mean(axis=0) - full) < 4.5 * standard_error)
    # Small enough that a sampler that preferred some samples would be noticed.
    assert np.all(standard_error < 0.1 * gradients.std(axis=0))


def enumerated(choice: choices.Sampler, grid: Grid, batch: int, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Return the frequency of each sample in steps whose random numbers are those of a fine grid."""

    class Midpoints:
        def __init__(self, number: float) -> None:
            self.number = number

        def random(self, size: int) -> np.ndarray:
            return np.full(size, self.number)

    visits, steps = np.zeros(grid.samples), 840
    for k in range(steps):
        monkeypatch.setattr(
            f"sfumato.training.samplers.{choice.name}.rng_for", lambda *_, k=k: Midpoints((k + 0.5) / steps)
        )
        indices, _ = build(choice, context(grid, batch=batch)).epoch()
        np.add.at(visits, indices[:batch], 1 / (steps * batch))
    return visits


@pytest.mark.parametrize("batch", [1, 3, 8, 40])
def test_stratified_sampling_draws_all_pixels_with_equal_probability(
    batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = Grid(5, 8)
    assert enumerated(choices.Stratified(), grid, batch, monkeypatch) == pytest.approx(1 / 40, rel=1e-9)


def test_each_step_of_stratified_sampling_has_one_pixel_of_each_region() -> None:
    grid = Grid(16, 16)
    indices, _ = build(choices.Stratified(), context(grid, batch=16)).epoch()
    rows, columns = np.divmod(indices.reshape(-1, 16), 16)
    # On a square of 16 x 16, the 16 regions are squares of 4 x 4.
    regions = rows // 4 * 4 + columns // 4
    assert (np.sort(regions, axis=1) == np.arange(16)).all()
    # A step's first samples, whose inputs alone FOOF measures, are not from the same regions in every step.
    assert len(np.unique(regions[:, :4])) > 8


@pytest.mark.parametrize(("height", "width"), [(8, 16), (32, 4), (1, 64)])
def test_sobol_visits_every_pixel_once_where_sides_are_powers_of_2(height: int, width: int) -> None:
    sampler = build(choices.Sobol(), context(Grid(height, width)))
    first, second = sampler.epoch().indices, sampler.epoch().indices
    assert sorted(first) == sorted(second) == list(range(height * width))
    assert (first != second).any()
    # Each quarter of an epoch visits each of the regions of a quarter's size equally often.
    for quarter in np.split(first, 4):
        assert np.bincount(quarter * 4 // (height * width)).tolist() == [height * width // 16] * 4


@pytest.mark.parametrize("choice", [choices.Sobol(), choices.Halton()], ids=str)
def test_low_discrepancy_steps_are_more_evenly_spread_than_random_ones(choice: choices.Sampler) -> None:
    picture = np.add.outer(np.sin(np.arange(HEIGHT) / 6), np.cos(np.arange(WIDTH) / 5)).reshape(-1)

    def error(choice: choices.Sampler) -> float:
        steps = [picture[build(choice, context(seed=seed)).epoch().indices[:64]].mean() for seed in range(60)]
        return float(np.std(steps))

    assert error(choice) < 0.4 * error(choices.Replacement())


def test_consecutive_samples_of_the_curve_are_neighbors() -> None:
    rows, columns = np.divmod(Grid(16, 16).curve, 16)
    assert (np.abs(np.diff(rows)) + np.abs(np.diff(columns)) == 1).all()
    assert sorted(Grid(9, 7, MASK).curve) == list(range(np.count_nonzero(MASK)))


def test_points_select_the_cell_in_which_they_lie() -> None:
    grid = Grid(3, 4)
    assert grid.at(np.array([[0.0, 0.0], [0.4, 0.6], [1 - 1e-16, 1 - 1e-16]])).tolist() == [0, 6, 11]
    masked = Grid(2, 2, np.array([[False, True], [False, False]]))
    assert masked.at(np.random.default_rng(0).random((20, 2))).tolist() == [0] * 20


@pytest.mark.slow
def test_the_probability_of_a_sample_grows_with_its_error() -> None:
    choice = choices.ErrorProportional(uniform=0.2)
    counts = np.zeros(N)
    sizes = np.linalg.norm(ERRORS, axis=1)
    expected = 0.8 * sizes / sizes.sum() + 0.2 / N
    for seed in range(100):
        indices, weights = build(choice, context(seed=seed)).epoch()
        np.add.at(counts, indices, 1)
        assert weights == pytest.approx(1 / (N * expected[indices]), rel=1e-6)
    drawn = 100 * N
    assert np.all(np.abs(counts - drawn * expected) < 5 * np.sqrt(drawn * expected))


def test_errors_are_evaluated_at_the_interval_and_kept_between() -> None:
    evaluations: list[int] = []

    def errors() -> np.ndarray:
        evaluations.append(1)
        return ERRORS

    sampler = build(choices.ErrorProportional(interval=3), context(errors=errors))
    states = []
    for _ in range(7):
        sampler.epoch()
        states.append(sampler.state())
    assert len(evaluations) == 3
    assert [sorted(state) for state in states] == [["next", "probabilities"]] * 2 + [["next"]] + [
        ["next", "probabilities"]
    ] * 2 + [["next"], ["next", "probabilities"]]
    broken = {**states[0], "probabilities": np.full(N, 0.5)}
    with pytest.raises(ValueError, match="probabilities must be 500 positive numbers with the sum 1"):
        sampler.load(broken)


@pytest.mark.parametrize("errors", [np.zeros((N, 3)), np.full((N, 3), np.inf), np.full((N, 3), np.nan)])
def test_without_usable_errors_all_samples_are_drawn_alike(errors: np.ndarray) -> None:
    _, weights = build(choices.ErrorProportional(), context(errors=lambda: errors)).epoch()
    assert weights == pytest.approx(1)


@pytest.mark.parametrize(
    "choice", [*(each() for each in choices.Sampler.members.values()), choices.ErrorProportional(interval=3)], ids=str
)
def test_a_sampler_continues_from_its_state(choice: choices.Sampler) -> None:
    sampler, other = sampled(choice), sampled(choice)
    sampler.epoch()
    other.load(sampler.state())
    for _ in range(3):
        same, expected = other.epoch(), sampler.epoch()
        assert (same.indices == expected.indices).all()
        assert (same.weights is None) == (expected.weights is None)
        if same.weights is not None:
            assert (same.weights == expected.weights).all()


def test_draws_are_split_with_their_weights() -> None:
    first, others = Draws(np.arange(5), np.arange(5, dtype=np.float32)).split(2)
    assert (first.indices.tolist(), others.indices.tolist()) == ([0, 1], [2, 3, 4])
    assert first.weights is not None
    assert others.weights is not None
    assert (first.weights.tolist(), others.weights.tolist()) == ([0, 1], [2, 3, 4])


def test_rows_and_columns_without_samples_are_left_out_of_a_grid() -> None:
    every_third = np.divmod(np.flatnonzero(np.add.outer(np.arange(9) % 3, np.arange(7) % 3) == 0), 7)
    assert (Grid.at_positions(*every_third).height, Grid.at_positions(*every_third).width) == (3, 3)
    assert Grid.at_positions(*every_third).trained is None
    masked = Grid.at_positions(*np.nonzero(MASK))
    assert masked.samples == np.count_nonzero(MASK)
    assert (masked.mask == MASK).all()


@pytest.mark.parametrize("factor", [1, 2, 3, 50])
def test_averages_are_those_of_the_samples_in_each_square(factor: int) -> None:
    values = ERRORS[: np.count_nonzero(MASK)]
    full = np.full((9, 7, 3), np.nan)
    full[MASK] = values
    squares = [
        full[r : r + factor, c : c + factor].reshape(-1, 3) for r in range(0, 9, factor) for c in range(0, 7, factor)
    ]
    expected = [np.nanmean(each, axis=0) for each in squares if not np.isnan(each).all()]
    np.testing.assert_allclose(Grid(9, 7, MASK).averages(values, factor), expected, rtol=1e-12, atol=1e-15)


def test_the_resolution_follows_the_budget() -> None:
    progress = iter((0.0, 0.19, 0.2, 0.39, 0.4, 1.0))
    sampler = build(choices.CoarseToFine(levels=2, until=0.4), context(progress=lambda: next(progress)))
    for first, count in ((N, 35), (N, 35), (N + 35, 130), (N + 35, 130), (0, N), (0, N)):
        assert sorted(sampler.epoch().indices) == list(range(first, first + count))


def evos_draws(choice: choices.EVOS, count: int, end: int) -> tuple[list[np.ndarray], list[int]]:
    """Return the draws of some passes, and the passes in which errors were evaluated; ``end``: the last pass."""
    evaluated: list[int] = []
    found: list[np.ndarray] = []

    def errors() -> np.ndarray:
        evaluated.append(len(found))
        return ERRORS

    sampler = build(choice, context(errors=errors, progress=lambda: len(found) / end))
    while len(found) < count:
        found += [sampler.epoch().indices]
    return found, evaluated


def test_evos_selects_the_largest_errors_and_some_others() -> None:
    draws, evaluated = evos_draws(choices.EVOS(ratio=0.5, mutation=0.4, laplacian=0, interval=4, end_interval=4), 6, 10)
    assert evaluated == [0, 4]
    by_error = np.argsort((ERRORS**2).mean(axis=1))
    assert [len(each) for each in draws] == [N, 250, 250, 250, N, 250]
    for each in (draws[1], draws[2]):
        assert len(set(each)) == 250
        assert set(by_error[-150:]) < set(each)
    # The others are drawn anew from the remaining samples, with equal probability.
    others = set(draws[1]) - set(by_error[-150:])
    assert len(others) == 100
    assert len(others & set(draws[2])) < 60
    assert (draws[1] != draws[2]).any()


def test_evos_evaluates_errors_more_often_towards_the_end() -> None:
    _, evaluated = evos_draws(choices.EVOS(interval=10, end_interval=2), 40, 40)
    # 10 - 8 t / 40, rounded down, passes after the one before.
    assert evaluated == [0, 8, 15, 21, 26, 30, 33, 36, 38]


@pytest.mark.parametrize(("mutation", "count"), [(0.0, 250), (1.0, 250)])
def test_evos_can_be_without_mutation_or_selection(mutation: float, count: int) -> None:
    draws, _ = evos_draws(choices.EVOS(mutation=mutation, laplacian=0), 2, 10)
    assert len(set(draws[1])) == count
    by_error = set(np.argsort((ERRORS**2).mean(axis=1))[-250:])
    assert (set(draws[1]) == by_error) == (mutation == 0)


def test_crossover_joins_what_both_errors_select() -> None:
    # The crossover of the authors' code, written out: low frequencies are squared errors, high ones Laplacians of them.
    grid = Grid(HEIGHT, WIDTH)
    low = (ERRORS**2).mean(axis=1)
    picture = ERRORS.reshape(HEIGHT, WIDTH, 3)
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    laplacian = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * picture
    high = 0.3 * (laplacian**2).mean(axis=2).reshape(-1)
    count = 150
    by_low, by_high = np.argsort(low)[-count:], np.argsort(high)[-count:]
    both = set(by_low) & set(by_high)
    missing = count - len(both)
    share = int(missing * low.mean() / (low.mean() + high.mean()))
    only_low = [i for i in by_low if i not in both][len(by_low) - len(both) - share :]
    only_high = [i for i in by_high if i not in both][share:]
    assert 0 < share < missing
    expected = both | set(only_low) | set(only_high)
    assert len(expected) == count
    ranking = ranked(choices.EVOS(laplacian=0.3), grid, ERRORS, count)
    assert set(ranking[-count:]) == expected
    assert sorted(ranking) == list(range(N))


def test_the_laplacian_has_no_part_of_held_out_neighbors() -> None:
    errors = ERRORS[: np.count_nonzero(MASK)]
    full = np.zeros((9, 7, 3))
    full[MASK] = errors
    expected = np.zeros((9, 7, 3))
    for row, column in np.argwhere(MASK):
        for other in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= other[0] < 9 and 0 <= other[1] < 7 and MASK[other]:
                expected[row, column] += full[other] - full[row, column]
    np.testing.assert_allclose(Grid(9, 7, MASK).laplacian(errors), expected[MASK], atol=1e-12)
