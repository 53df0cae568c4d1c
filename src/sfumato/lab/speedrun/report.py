"""Results of speedruns: a file of them, and their text."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sfumato.errors import RunError
from sfumato.lab.speedrun.tracks import EPOCHS_2012, SECONDS_PER_EPOCH_2012, TRACKS
from sfumato.render.output import writable
from sfumato.runs.files import replacing

PETA = 1e15
COLUMNS = (
    "track",
    "recipe",
    "dB: mean (least to most)",
    "seconds: mean (least to most)",
    "PFLOP",
    "times 2012",
    "times replica here",
    "machine, threads, day",
)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the results in a file. Raises RunError where it holds something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"{path} must be a file of speedrun results. It does not exist.") from None
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise RunError(f"{path} must be a file of speedrun results, which cannot be read: {reason}.") from None
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and {"rules", "track"} <= set(one) for one in found
    ):
        raise RunError(f"{path} must be a JSON list of speedrun results. Got something else; name another file.")
    return found


def check(path: Path) -> None:
    """Raise RunError unless `append` can create this file or add to it, so that no training is wasted."""
    writable(path, "append")
    if path.exists():
        read(path)


def append(path: Path, result: dict[str, Any]) -> None:
    """Add a result to the file, which is replaced as a whole. Raises RunError when it cannot be written."""
    results = [*(read(path) if path.exists() else []), result]
    with replacing(path) as partial:
        partial.write_text(json.dumps(results, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def lines(result: dict[str, Any]) -> list[str]:
    """Return one result as lines."""
    machine, seconds = result["machine"], result["seconds"]
    tuning = "" if result["seeds"] == "official" else ", for tuning: no record"
    first, last = result["trials"][0]["seed"], result["trials"][-1]["seed"]
    busy = f"; load average {machine['load_average_1_minute']}" if "load_average_1_minute" in machine else ""
    return [
        f"track       {result['track']}: {TRACKS[result['track']].question}",
        f"recipe      {result['name']}, {_brief(result['epochs'])} epochs",
        f"            {result['recipe']}",
        f"hardware    {machine['cpu']}, {machine['cores']} cores{busy}",
        f"engine      {result['engine']}, {result['dtype']} on {result['device']}, threads {machine['threads']}",
        f"seeds       {first} to {last} (n = {result['n']}{tuning})",
        f"PSNR        {_psnr(result)}",
        f"seconds     mean {seconds['mean']:.3f}, from {seconds['min']:.3f} to {seconds['max']:.3f}, of training",
        *_operations(result),
        *_speed_up(result),
        f"verdict     {_verdict(result)}",
    ]


def table(results: Sequence[dict[str, Any]]) -> list[str]:
    """Return many results in Markdown, in their order, without those on other seeds than the official ones."""
    head = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    return [*head, *(_row(result) for result in results if result["seeds"] == "official")]


def _row(result: dict[str, Any]) -> str:
    seconds, up, machine = result["seconds"], result["speed_up"], result["machine"]
    psnr, counted = result["psnr"], result["operations"]
    cells = [
        result["track"],
        f"`{result['name']}`, {_brief(result['epochs'])} epochs",
        "-" if psnr is None else f"{psnr['mean']:.2f} ({psnr['min']:.2f} to {psnr['max']:.2f})" + _missed(result),
        f"{seconds['mean']:.2f} ({seconds['min']:.2f} to {seconds['max']:.2f})",
        "-" if counted is None else _digits(sum(counted.values()) / PETA),
        "-" if up is None else _times(up["over_2012"]),
        "-" if up is None else _times(up["over_replica_here"]),
        f"{machine['cpu']}, {machine['threads']}, {machine['date'][:10]}",
    ]
    return f"| {' | '.join(cells)} |"


def _missed(result: dict[str, Any]) -> str:
    return ", missed" if result["reached"] is False else ""


def _psnr(result: dict[str, Any]) -> str:
    if result["psnr"] is None:
        bad = [str(row["seed"]) for row in result["trials"] if row["psnr"] is None or row["ended"] == "diverged"]
        return f"none: training diverged with seed {', '.join(bad)}"
    psnr = result["psnr"]
    return (
        f"mean {psnr['mean']:.2f} dB, from {psnr['min']:.2f} to {psnr['max']:.2f}, standard deviation {psnr['sd']:.2f}"
    )


def _operations(result: dict[str, Any]) -> list[str]:
    counted = result["operations"]
    if counted is None:
        return ["operations  unknown for this recipe"]
    network, optimizer = counted["network"] / PETA, counted["optimizer"] / PETA
    return [
        f"operations  {_digits(network + optimizer)} PFLOP per training, matrix products only:",
        f"            {_digits(network)} by the network, {_digits(optimizer)} by the optimizer",
    ]


def _speed_up(result: dict[str, Any]) -> list[str]:
    if (up := result["speed_up"]) is None:
        return []
    over_2012, over_replica = _times(up["over_2012"]), _times(up["over_replica_here"])
    return [
        f"2012        {over_2012} times as fast as its program on another machine, where an epoch of training took",
        f"            {SECONDS_PER_EPOCH_2012:g} s on one core (EPYC Milan), so {EPOCHS_2012} epochs took "
        f"{up['seconds_2012']:,.0f} s",
        f"            {over_replica} times as fast as its arithmetic (engine replica, one core) on this machine: "
        f"{up['replica_seconds_per_sample'] * 1e6:.1f} us",
        f"            per sample, median of {result['n']} measurements, extrapolated to {EPOCHS_2012} epochs: "
        f"{up['replica_seconds_extrapolated']:,.0f} s",
    ]


def _verdict(result: dict[str, Any]) -> str:
    target, margin, seconds = result["target"], result["margin"], result["seconds"]["mean"]
    if target is None:
        return f"{result['psnr']['mean']:.2f} dB in {seconds:.2f} s" if result["psnr"] else "none"
    if margin is None:
        return f"target of {target:g} dB missed: not every training finished"
    if result["reached"]:
        return f"target reached: {margin:.2f} dB more than {target:g} dB, in {seconds:.3f} s"
    return f"target missed: {-margin:.2f} dB less than {target:g} dB"


def _digits(number: float) -> str:
    """Return the number with three digits, never with an exponent."""
    return "0" if number == 0 else f"{number:.{max(0, 2 - math.floor(math.log10(number)))}f}"


def _times(number: float) -> str:
    """Return the factor with three digits: measurements have no more."""
    return f"{float(f'{number:.3g}'):,.0f}" if number >= 100 else f"{number:.3g}"


def _brief(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
