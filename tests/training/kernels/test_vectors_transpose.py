from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.training.kernels.vectors import round_up, transpose


@pytest.mark.slow
@given(rows=st.integers(1, 80), columns=st.integers(1, 80), seed=st.integers(0, 99))
@settings(max_examples=50)
def test_rows_become_columns(rows: int, columns: int, seed: int) -> None:
    source = np.random.default_rng(seed).standard_normal((round_up(rows), round_up(columns) + 3)).astype(np.float32)
    target = np.full((round_up(columns), round_up(rows) + 5), -1, np.float32)
    transpose(rows, columns, source.ctypes.data, source.shape[1], target.ctypes.data, target.shape[1])
    np.testing.assert_array_equal(target[:, : round_up(rows)], source[:, : round_up(columns)].T)
    assert (target[:, round_up(rows) :] == -1).all()
