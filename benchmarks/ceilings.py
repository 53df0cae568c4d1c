"""The peak rates of this machine: multiply-adds per second, bytes per second from each cache, and a matrix product.

    python benchmarks/ceilings.py [--rounds 15] [--write]

With one thread and with two, which also wait at barriers. The product of 1024x300 and 300x300 is timed alternately with
PyTorch's (MKL's).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import barrier_latency
import hardware
import numpy as np
import results_file
import torch
from alternation import Quartiles, alternate, quartiles, ratios, timed
from machine_loops import CHAINS, multiply_adds, read, update
from numba import njit
from thread_group import ThreadGroup

from sfumato.training.kernels.memory import zeros
from sfumato.training.kernels.products import ROWS, multiply
from sfumato.training.kernels.vectors import LANES, round_up

NAME = "ceilings"
BLOCKS = {"L1": 24 << 10, "L2": 640 << 10, "L3": 6 << 20, "memory": 256 << 20}
"""Bytes of a thread's block, well within that cache and well beyond the one before."""
M, K, N = 1024, 300, 300


@njit(nogil=True)
def _products(times: int, rows: int, left: int, right: int, out: int, stride: int, inner: int, columns: int) -> None:
    for _ in range(times):
        multiply(rows, columns, inner, left, stride, right, stride, out, stride, 0)


def arithmetic(threads: int, rounds: int) -> Quartiles:
    """Return the GFLOP/s of all threads."""
    group, count = ThreadGroup(threads), 4_000_000
    operations = 2 * LANES * CHAINS * count * threads

    def work() -> None:
        group(lambda _: multiply_adds(count, 0.5))

    work()
    return quartiles([operations / s / 1e9 for s in alternate({"": lambda _: timed(work)}, rounds)[""]])


def bandwidth(threads: int, rounds: int, size: int) -> dict[str, Quartiles]:
    """Return gigabytes per second of all threads, each with a block of ``size`` bytes: reading; reading and writing."""
    group = ThreadGroup(threads)
    run = CHAINS * LANES * 4
    runs = size // run
    blocks = [zeros(runs * run // 4) for _ in range(threads)]
    addresses = [block.ctypes.data for block in blocks]
    times = max(1, (1 << 30) // (runs * run))
    turns = {
        "read": lambda _: timed(lambda: group(lambda rank: read(addresses[rank], runs, times))),
        "read and written": lambda _: timed(lambda: group(lambda rank: update(addresses[rank], runs, times, 1.0))),
    }
    for turn in turns.values():
        turn(0)
    moved = {"read": 1, "read and written": 2}
    seconds = alternate(turns, rounds)
    return {
        name: quartiles([moved[name] * threads * times * runs * run / s / 1e9 for s in values])
        for name, values in seconds.items()
    }


def products(threads: int, rounds: int) -> dict[str, Quartiles]:
    """Return the GFLOP/s of this product and of PyTorch's, and their ratio. Raises ArithmeticError if the results
    differ.
    """
    group, stride, times = ThreadGroup(threads), round_up(K), 20
    random = np.random.default_rng(0)
    left, right, out = zeros(M * stride), zeros(stride * stride), zeros(M * stride)
    a, b, c = left.reshape(M, stride), right.reshape(stride, stride), out.reshape(M, stride)
    a[:, :K], b[:K, :N] = random.standard_normal((M, K)), random.standard_normal((K, N))
    x, w = (torch.from_numpy(np.ascontiguousarray(one)) for one in (a[:, :K], b[:K, :N]))
    y = torch.empty(M, N)
    torch.set_num_threads(threads)
    addresses = left.ctypes.data, right.ctypes.data, out.ctypes.data
    bounds = [M // ROWS * rank // threads * ROWS for rank in range(threads + 1)]

    def rows_of_rank(rank: int) -> None:
        skip, rows = 4 * stride * bounds[rank], bounds[rank + 1] - bounds[rank]
        _products(times, rows, addresses[0] + skip, addresses[1], addresses[2] + skip, stride, K, N)

    def multiply_with_mkl() -> None:
        for _ in range(times):
            torch.mm(x, w, out=y)

    turns: dict[str, Callable[[int], float]] = {
        "ours": lambda _: timed(lambda: group(rows_of_rank)),
        "MKL": lambda _: timed(multiply_with_mkl),
    }
    for turn in turns.values():
        turn(0)
    if not np.allclose(c[:, :N], y.numpy(), rtol=1e-4, atol=1e-3):
        raise ArithmeticError("the products differ by more than rounding")
    seconds = alternate(turns, rounds)
    rates = {name: quartiles([2 * M * K * N * times / s / 1e9 for s in values]) for name, values in seconds.items()}
    return rates | {"ours over MKL": ratios(seconds["MKL"], seconds["ours"])}


def main() -> None:
    """Measure, print, and optionally write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--blocks", nargs="+", choices=list(BLOCKS), default=list(BLOCKS))
    parser.add_argument("--write", action="store_true", help=f"write {NAME}.json")
    arguments = parser.parse_args()
    rows: dict[str, Any] = {}
    for threads in arguments.threads:
        found = {"multiply-adds, GFLOP/s": arithmetic(threads, arguments.rounds)}
        for level in arguments.blocks:
            for what, rate in bandwidth(threads, arguments.rounds, BLOCKS[level]).items():
                found[f"{level} {what}, GB/s"] = rate
        try:
            for whose, rate in products(threads, arguments.rounds).items():
                found[f"product {M}x{K}x{N}, {whose}{'' if 'over' in whose else ', GFLOP/s'}"] = rate
        except ArithmeticError as error:
            sys.exit(f"no result: {error}")
        if threads == 2:
            found["barrier wait, ns"] = barrier_latency.nanoseconds(arguments.rounds)
        name = f"{threads} thread{'s' if threads > 1 else ''}"
        print(f"{name}, n = {arguments.rounds}")
        for what, rate in found.items():
            print(f"  {what}: {rate:.2f}")
        rows[name] = {what: rate.rounded(2) for what, rate in found.items()}
    if arguments.write:
        results_file.write(NAME, rows | hardware.circumstances())


if __name__ == "__main__":
    main()
