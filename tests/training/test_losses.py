from __future__ import annotations

import pytest
import torch

from sfumato.recipe import choices
from sfumato.training.losses import per_sample

ERRORS = torch.tensor([[0.3, -0.05, 0.0], [-1.0, 0.1, 0.2]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (choices.MSE(), [(0.09 + 0.0025) / 2, (1 + 0.01 + 0.04) / 2]),
        (choices.L1(), [0.35, 1.3]),
        (choices.Huber(delta=0.1), [0.1 * (0.3 - 0.05) + 0.00125, 0.1 * 0.95 + 0.005 + 0.1 * 0.15]),
    ],
    ids=str,
)
def test_known_values(loss: choices.Loss, expected: list[float]) -> None:
    assert per_sample(loss, ERRORS).tolist() == pytest.approx(expected, rel=1e-12)
