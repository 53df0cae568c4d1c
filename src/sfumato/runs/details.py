"""Details of one run, as text and as JSON values, without torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sfumato.runs import entry, layout, run_json
from sfumato.runs.entry import Entry, printable

_RESULT = {
    "psnr": ("{:.2f} dB", "PSNR"),
    "psnr_held_out": ("{:.2f} dB", "held-out PSNR"),
    "psnr_trained": ("{:.2f} dB", "trained PSNR"),
    "ssim": ("{:.4f}", "SSIM"),
    "ssim_held_out": ("{:.4f}", "held-out SSIM"),
    "ssim_trained": ("{:.4f}", "trained SSIM"),
    "ms_ssim": ("{:.4f}", "MS-SSIM"),
    "flip": ("{:.4f}", "FLIP"),
    "flip_held_out": ("{:.4f}", "held-out FLIP"),
    "flip_trained": ("{:.4f}", "trained FLIP"),
    "loss": ("{:.4g}", "loss"),
    "epoch": ("{:.2f}", "epochs"),
    "step": ("{:,}", "steps"),
    "samples": ("{:,}", "samples"),
    "seconds": ("{:.1f} s", "training"),
}


def data(folder: Path) -> dict[str, Any]:
    """Return the run's list entry, the content of run.json, and the sizes of its files. Raises RunError."""
    return {**entry.read(folder).as_json(), "run": run_json.read(folder), "files": files(folder)}


def lines(folder: Path) -> list[str]:
    """Return the details of a run as lines of text. Raises RunError when the folder is not that of a run."""
    found, line = run_json.read(folder), entry.read(folder)
    sections = {
        "": _head(line, found),
        "differs from the default recipe": _columns(line.differences or {"": "in nothing"}),
        "result": _result(found.get("result")) + _overhead(found.get("overhead")),
        "findings": [printable(str(each)) for each in _list(found.get("findings"))],
        "made by": _provenance(_map(found.get("provenance")), _map(found.get("recipe"))),
        "files": _files(folder),
        "the recipe, to paint it again with --recipe": [printable(str(found.get("recipe_string", "")))],
    }
    result: list[str] = []
    for title, content in sections.items():
        if content and any(content):
            result += ["", title, *(f"  {text}" for text in content)] if title else content
    return result


def files(folder: Path) -> dict[str, int]:
    """Return the bytes of each file by name; a subfolder such as ``moments/`` has one total."""
    sizes: dict[str, int] = {}
    for parent, _, names in os.walk(folder):
        subfolders = Path(parent).relative_to(folder).parts
        for name in names:
            key = f"{subfolders[0]}/" if subfolders else name
            sizes[key] = sizes.get(key, 0) + Path(parent, name).lstat().st_size
    return dict(sorted(sizes.items()))


def _head(line: Entry, found: Mapping[str, Any]) -> list[str]:
    picture, ended = _map(found.get("picture")), found.get("ended")
    size = f"{picture.get('width')}x{picture.get('height')}, {picture.get('channels')} channels"
    head = {
        "run": printable(str(line.folder)),
        "picture": f"{line.picture}, {size}",
        "state": line.state + (f" (by {ended})" if ended and ended != line.state else ""),
        "started": str(found.get("started")),
        "finished": str(found.get("finished") or "-"),
    }
    return _columns(head)


def _result(result: Any) -> list[str]:
    values = _map(result)
    rows = {
        title: form.format(values[name])
        for name, (form, title) in _RESULT.items()
        if isinstance(values.get(name), int | float)
    }
    return _columns(rows)


def _overhead(overhead: Any) -> list[str]:
    share = _map(overhead).get("share_of_training_time")
    return [f"evaluations and files during training took {share:.1%} of the training time"] if share is not None else []


def _provenance(made: Mapping[str, Any], recipe: Mapping[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {made[name]}" for name in ("sfumato", "torch", "numpy", "numba") if made.get(name))
    rows = {
        "software": f"{versions}, Python {made.get('python')}",
        "commit": str(made.get("git_commit") or "-"),
        "machine": f"{made.get('cpu')}, {made.get('cores')} cores, {made.get('system')}",
        "engine": ", ".join(str(recipe.get(name)) for name in ("engine", "dtype", "device")),
        "threads": str(recipe.get("threads")),
    }
    return _columns(rows) if made else []


def _files(folder: Path) -> list[str]:
    sizes = files(folder)
    width = max((len(f"{size:,}") for size in sizes.values()), default=0)
    return [f"{size:>{width},}  {printable(name)}" for name, size in sizes.items() if name != layout.LOCK]


def _columns(rows: Mapping[str, str]) -> list[str]:
    width = max((len(name) for name in rows), default=0)
    return [f"{name:<{width}}  {printable(text)}".rstrip() if name else text for name, text in rows.items()]


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
