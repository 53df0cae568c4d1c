"""Known values were printed by java.util.Random of OpenJDK 17."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.training.java_random import JavaRandom


class Known(NamedTuple):
    ints: list[int]
    doubles: list[float]
    gaussians: list[float]
    hash_of_gaussians: int
    bounded: dict[int, list[int]]
    removed: list[int]


KNOWN = {
    0: Known(
        ints=[-1155484576, -723955400, 1033096058, -1690734402, -1557280266],
        doubles=[0.730967787376657, 0.24053641567148587, 0.6374174253501083, 0.5504370051176339],
        gaussians=[
            0.8025330637390305,
            -0.9015460884175122,
            2.080920790428163,
            0.7637707684364894,
            0.9845745328825128,
            -1.6834122587673428,
            -0.027290262907887285,
        ],
        hash_of_gaussians=-5977433582304832595,
        bounded={
            7: [5, 2, 4, 2, 4, 0],
            16: [11, 13, 3, 9, 10, 4],
            128700: [116160, 50848, 74929, 58547, 119015, 103853],
            2**30: [784870680, 892752974, 258274014, 651058223, 684421757, 331840526],
            2**30 + 1: [516548029, 663681053, 251269761, 715581077, 542832677, 827187473],
            2**31 - 1: [1569741360, 1785505948, 516548029, 1302116447, 1368843515, 663681053],
        },
        removed=[5, 4, 10, 9, 12, 2, 3, 7, 11, 8, 6, 0, 1],
    ),
    42: Known(
        ints=[-1170105035, 234785527, -1360544799, 205897768, 1325939940],
        doubles=[0.7275636800328681, 0.6832234717598454, 0.30871945533265976, 0.27707849007413665],
        gaussians=[
            1.1419053154730547,
            0.9194079489827879,
            -0.9498666368908959,
            -1.1069902863993377,
            0.2809776380727795,
            0.6846227956326554,
            -0.8172214073987268,
        ],
        hash_of_gaussians=-7089472382227146103,
        bounded={
            7: [1, 5, 6, 3, 5, 4],
            16: [11, 0, 10, 0, 4, 15],
            128700: [13130, 18363, 31248, 117584, 36270, 52225],
            2**30: [781215565, 58696381, 733605624, 51474442, 331484985, 1011543762],
            2**30 + 1: [117392763, 102948884, 662969970, 595021505, 196118093, 969067502],
            2**31 - 1: [1562431130, 117392763, 1467211248, 102948884, 662969970, 2023087525],
        },
        removed=[0, 4, 10, 6, 1, 12, 3, 7, 11, 2, 9, 5, 8],
    ),
    -1: Known(
        ints=[1155099827, 1887904451, 52699159, -1941176418, -1451336087],
        doubles=[0.26894263088050496, 0.012269981921235296, 0.6620844841121951, 0.4164383172882866],
        gaussians=[
            1.7853314409882288,
            -0.9204169061847902,
            0.4869392448030407,
            0.4568888042977182,
            1.6999200838250526,
            0.4522041234427653,
            0.1584891839707202,
        ],
        hash_of_gaussians=4544065142698412697,
        bounded={
            7: [3, 6, 4, 6, 6, 4],
            16: [4, 7, 0, 8, 10, 9],
            128700: [73013, 66425, 94779, 62639, 66704, 109638],
            2**30: [288774956, 471976112, 13174789, 588447719, 710907802, 645099219],
            2**30 + 1: [577549913, 943952225, 26349579, 894294477, 857465478, 121412731],
            2**31 - 1: [577549913, 943952225, 26349579, 1176895439, 1421815604, 1290198438],
        },
        removed=[5, 6, 3, 12, 8, 7, 11, 0, 1, 2, 4, 9, 10],
    ),
    2**40 + 7: Known(
        ints=[672077721, 209138712, 1959367770, 326568761, -1775578359],
        doubles=[0.1564802832706853, 0.45620085412316336, 0.5865909526238033, 0.9168083946629575],
        gaussians=[
            -1.2023729257360227,
            -0.15330388506977036,
            0.16315769645971753,
            0.785364931065404,
            1.0982526062004099,
            0.7801221754798009,
            0.3600961069866253,
        ],
        hash_of_gaussians=3417190054122455732,
        bounded={
            7: [3, 3, 5, 0, 4, 6],
            16: [2, 0, 7, 1, 9, 7],
            128700: [3160, 64956, 19485, 92780, 107568, 123698],
            2**30: [168019430, 52284678, 489841942, 81642190, 629847234, 497422999],
            2**30 + 1: [336038860, 104569356, 979683885, 163284380, 994845998, 223995182],
            2**31 - 1: [336038860, 104569356, 979683885, 163284380, 1259694468, 994845998],
        },
        removed=[1, 0, 6, 2, 3, 8, 10, 12, 11, 4, 9, 5, 7],
    ),
    -(2**63): Known(
        ints=[-1155484576, -723955400, 1033096058, -1690734402, -1557280266],
        doubles=[0.730967787376657, 0.24053641567148587, 0.6374174253501083, 0.5504370051176339],
        gaussians=[
            0.8025330637390305,
            -0.9015460884175122,
            2.080920790428163,
            0.7637707684364894,
            0.9845745328825128,
            -1.6834122587673428,
            -0.027290262907887285,
        ],
        hash_of_gaussians=-5977433582304832595,
        bounded={
            7: [5, 2, 4, 2, 4, 0],
            16: [11, 13, 3, 9, 10, 4],
            128700: [116160, 50848, 74929, 58547, 119015, 103853],
            2**30: [784870680, 892752974, 258274014, 651058223, 684421757, 331840526],
            2**30 + 1: [516548029, 663681053, 251269761, 715581077, 542832677, 827187473],
            2**31 - 1: [1569741360, 1785505948, 516548029, 1302116447, 1368843515, 663681053],
        },
        removed=[5, 4, 10, 9, 12, 2, 3, 7, 11, 8, 6, 0, 1],
    ),
}
"""By seed: the first values of every method, each from a new generator.

``hash_of_gaussians``: h = 31 h + bits over the first 200,001 nextGaussian(), in signed 64-bit arithmetic.
``removed``: the order in which remove(nextInt(size())) empties a list of 13.
"""

SEEDS = st.integers(-(2**63), 2**63 - 1)
BOUNDS = st.integers(1, 2**31 - 1) | st.integers(0, 30).map(lambda power: 2**power)


@pytest.fixture(params=KNOWN, ids=str)
def seed(request: pytest.FixtureRequest) -> int:
    return request.param


def test_next_int(seed: int) -> None:
    random = JavaRandom(seed)
    assert [random.next_int() for _ in KNOWN[seed].ints] == KNOWN[seed].ints


def test_next_int_below_a_bound(seed: int) -> None:
    for bound, known in KNOWN[seed].bounded.items():
        random = JavaRandom(seed)
        assert [random.next_int(bound) for _ in known] == known


def test_next_double(seed: int) -> None:
    random = JavaRandom(seed)
    assert [random.next_double() for _ in KNOWN[seed].doubles] == KNOWN[seed].doubles


def test_next_gaussian(seed: int) -> None:
    random = JavaRandom(seed)
    assert [random.next_gaussian() for _ in KNOWN[seed].gaussians] == KNOWN[seed].gaussians


def test_every_bit_of_many_gaussians(seed: int) -> None:
    total = 0
    for bits in JavaRandom(seed).gaussians(200_001).view(np.uint64).tolist():
        total = (31 * total + bits) % 2**64
    assert total == KNOWN[seed].hash_of_gaussians % 2**64


def test_permutation_is_the_order_of_removal_from_a_list(seed: int) -> None:
    assert JavaRandom(seed).permutation(13).tolist() == KNOWN[seed].removed


@given(SEEDS, st.integers(0, 300))
def test_permutation_equals_removal_from_a_python_list(seed: int, n: int) -> None:
    random, remaining = JavaRandom(seed), list(range(n))
    expected = [remaining.pop(random.next_int(len(remaining))) for _ in range(n)]
    assert JavaRandom(seed).permutation(n).tolist() == expected


@given(SEEDS, BOUNDS)
def test_bounds_hold(seed: int, bound: int) -> None:
    random = JavaRandom(seed)
    assert all(0 <= random.next_int(bound) < bound for _ in range(20))
    assert all(0 <= random.next_double() < 1 for _ in range(20))
    assert all(-(2**31) <= random.next_int() < 2**31 for _ in range(20))


@pytest.mark.parametrize("bound", [0, -1, 2**31])
def test_bound_out_of_range(bound: int) -> None:
    with pytest.raises(ValueError, match="bound must be from 1 to 2"):
        JavaRandom(0).next_int(bound)


@given(SEEDS, st.integers(0, 5))
def test_bulk_draws_equal_single_ones(seed: int, count: int) -> None:
    bulk, single = JavaRandom(seed), JavaRandom(seed)
    assert bulk.gaussians(count).tolist() == [single.next_gaussian() for _ in range(count)]
    assert bulk.next_int() == single.next_int()


@given(SEEDS, SEEDS, st.integers(0, 3))
def test_a_restored_stream_continues(seed: int, other: int, drawn: int) -> None:
    random, restored = JavaRandom(seed), JavaRandom(other)
    random.gaussians(drawn)
    state = random.state()
    restored.load(state)
    expected = [*random.gaussians(3), random.next_int(10), *random.permutation(5)]
    assert [*restored.gaussians(3), restored.next_int(10), *restored.permutation(5)] == expected
    random.load(state)
    assert random.gaussians(3).tolist() == expected[:3]
