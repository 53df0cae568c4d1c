"""The lines about the claim follow the numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sfumato.errors import RunError
from sfumato.lab.mnist_claim import checked
from sfumato.lab.statistics import interval
from tests.lab.stub_claim import EPOCH_TIME, NOISE, claim


@pytest.mark.parametrize(
    ("by_picture", "by_digits", "words"),
    [
        (
            2.0,
            0.0,
            ("on the picture depth helps: 4 hidden layers beat 1 by 2.00 dB, 95% CI [", "on made depth is not shown"),
        ),
        (
            0.0,
            2.0,
            ("on the picture depth is not shown to help or to hurt: no diff", "on made depth helps: 4 hidden"),
        ),
        (
            -2.0,
            -3.0,
            ("on the picture depth hurts: 1 hidden layer beats 4 by 2", "on made depth hurts: 1 hidden"),
        ),
    ],
)
def test_verdicts(by_picture: float, by_digits: float, words: tuple[str, str], tmp_path: Path) -> None:
    found = claim(tmp_path, by_picture, by_digits).verdicts()
    assert [line[: len(start)] for line, start in zip(found, words, strict=True)] == list(words)
    assert "percentage points, 95% CI [" in found[1]
    assert all(line.endswith("CIs simultaneous for 2 comparisons)") for line in found)
    # Each with Bonferroni's correction for two.
    wanted = interval([by_digits + noise for noise in NOISE], 2)
    low, high = (-wanted.high, -wanted.low) if by_digits < 0 else (wanted.low, wanted.high)
    assert f"[{low:.2f}, {high:.2f}]" in found[1]


def test_counts(tmp_path: Path) -> None:
    values, products, seconds = claim(tmp_path, 1, 1).counts()
    assert values == (
        "input values per epoch: MNIST 784 x 60,000 = 47,040,000, the picture 2 x 300 x 429 = 257,400: "
        "182.75 times as many"
    )
    assert "MNIST 30.5 billion, the picture 34.9 billion: 0.87 times as many" in products
    assert "MNIST 2.00 s, the picture 4.00 s: 0.51 times as long" in seconds
    assert "medians of n = 15, alternating, 16 steps of batch 256 scaled to an epoch" in seconds
    other = claim(tmp_path / "other", 1, 1, replace(EPOCH_TIME, rounds=3)).counts()
    assert other[:2] == [values, products]
    assert "n = 3" in other[2]


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    assert checked(tmp_path / "new") == tmp_path / "new"
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match="or empty"):
        checked(tmp_path)
