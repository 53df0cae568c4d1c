from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sfumato.recipe import choices
from sfumato.training.grid import Grid
from sfumato.training.samplers import Context, Draws, Sampler, build

HEIGHT, WIDTH, BATCH = 20, 25, 10
N = HEIGHT * WIDTH
MASK = np.random.default_rng(1).random((9, 7)) < 0.7
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


def context(
    grid: Grid | None = None, seed: int = 3, batch: int = BATCH, errors: Callable[[], np.ndarray] | None = None
) -> Context:
    grid = grid or Grid(HEIGHT, WIDTH)
    return Context(seed, batch, grid, lambda: 0.0, errors or (lambda: ERRORS[: grid.samples]))


def epochs(choice: choices.Sampler, seed: int = 3) -> list[np.ndarray]:
    sampler = build(choice, context(seed=seed))
    return [sampler.epoch().indices for _ in range(3)]


def sampled(choice: choices.Sampler) -> Sampler:
    return build(choice, context())


def test_every_member_is_tested() -> None:
    tested = {type(choice) for choice in [*FUNCTIONS_OF_THE_EPOCH, *UNBIASED]}
    assert tested == set(choices.Sampler.members.values())


@pytest.mark.parametrize("choice", [each() for each in choices.Sampler.members.values()], ids=str)
def test_every_pixel_once_per_epoch_where_the_sampler_permutes(choice: choices.Sampler) -> None:
    permutes = [sorted(epoch) == list(range(N)) for epoch in epochs(choice)]
    assert permutes == [choice.permutes] * 3


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
    regions = np.sort(rows // 4 * 4 + columns // 4, axis=1)
    assert (regions == np.arange(16)).all()


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
