from __future__ import annotations

import numpy as np

from sfumato.training.evaluation import evaluate
from sfumato.training.health.painting import findings

PICTURE = np.random.default_rng(1).uniform(0.2, 0.8, (12, 12, 3))


def found(painting: np.ndarray, *, squashed: bool = False) -> str:
    return " ".join(findings(evaluate(painting, PICTURE, None), PICTURE, squashed=squashed))


def test_a_good_painting_has_no_findings() -> None:
    assert found(PICTURE + 0.01, squashed=True) == ""


def test_a_flat_painting_is_said_to_be_flat() -> None:
    assert "no better than one flat colour" in found(np.full_like(PICTURE, PICTURE.mean()))


def test_saturated_outputs_are_counted() -> None:
    painting = PICTURE.copy()
    painting[:6] = 1.0
    assert "50% of the outputs are saturated" in found(painting, squashed=True)
    assert "saturated" not in found(painting, squashed=False)


def test_what_is_not_finite_is_said() -> None:
    painting = PICTURE.copy()
    painting[0, 0, 0] = np.nan
    assert "not finite" in found(painting)
