"""The digits for training, for choosing a learning rate, and for the verdict."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from sfumato.errors import SfumatoError
from sfumato.lab.digits import data
from sfumato.lab.digits.data import Digits, Part
from tests.lab.digits import made


def rows(part: Part) -> set[bytes]:
    return {row.tobytes() for row in part.inputs}


@pytest.mark.slow
def test_the_bundled_digits_have_a_fixed_test_set() -> None:
    found, again = data.load_bundled(), data.load_bundled()
    assert len(found.training.labels) + len(found.test.labels) == 1797
    assert len(found.test.labels) == 599
    assert found.facts() == again.facts()
    assert rows(found.training).isdisjoint(rows(found.test))
    for part in (found.training, found.test):
        assert part.inputs.shape[1] == 64
        assert part.inputs.min() == 0
        assert part.inputs.max() == 1
        assert set(part.labels) == set(range(10))


def test_a_rate_is_chosen_without_the_test_digits() -> None:
    digits = made.digits()
    training, validation = digits.split(7, tuning=True)
    assert rows(training) | rows(validation) == rows(digits.training)
    assert rows(training).isdisjoint(rows(validation))
    assert len(validation.labels) == 20
    assert rows(digits.split(8, tuning=True)[1]) != rows(validation)
    assert digits.split(7, tuning=False) == (digits.training, digits.test)


def test_other_digits_have_another_hash() -> None:
    digits = made.digits()
    labels = digits.test.labels.copy()
    labels[0] = (labels[0] + 1) % 10
    other = Digits(digits.source, digits.training, Part(digits.test.inputs, labels))
    assert other.facts()["sha256"] != digits.facts()["sha256"] == made.digits().facts()["sha256"]


def test_targets_have_a_one_at_the_label() -> None:
    part = made.part(30, 3)
    assert np.array_equal(part.targets.argmax(axis=1), part.labels)
    assert np.array_equal(part.targets.sum(axis=1), np.ones(30))


def test_without_scikit_learn_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(SfumatoError, match=r"pip install 'sfumato\[lab\]'") as caught:
        data.load_bundled()
    assert "\n" not in str(caught.value)
