"""The page docs/fidelity.md: rows of benchmarks/results/fidelity.json beside the printed numbers."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sfumato.formatting import duration
from sfumato.recipe import PRESETS, preset, to_string
from sfumato.recipe.presets import PUBLISHED

Row = Mapping[str, Any]

INTRODUCTION = """# Published experiments

Each experiment of a publication is one preset: `sfumato paint PICTURE --preset NAME`. This page is made by
`make fidelity`, which trains each preset and a transcription of the paper in plain PyTorch
([benchmarks/transcriptions](../benchmarks/transcriptions)) in one run. It uses the pictures in `PICTURES`, by default
Kodak's first; rows that are measured are kept in benchmarks/results/fidelity.json:

```
make fidelity                                     # 100 steps of every preset
make fidelity PICTURES=kodak/ STEPS=2000          # more pictures, more steps
make fidelity ONLY=finer STEPS=0                  # all steps of one preset
python benchmarks/fidelity.py --help              # the script behind it
```

A test trains each preset and its transcription from the same initial weights, in float64, and compares every step; it
also compares the distributions of the initial weights. `evos` has no transcription, because its samples are drawn at
random.

## Measured

Ours and the transcription start from the same initial weights; "own weights" is the transcription from a draw of its
own. All are means over n pictures, after the same number of steps, in dB, of the values that the publication compares:
not the printed number, which is of other pictures or more steps, unless the steps are all of them.
"""

DEFINITIONS = """## Definitions

- **Loss.** Sfumato's `mse` is half the squared error, summed over channels; PyTorch's `MSELoss` is the mean over
  samples and channels, 2/C of it. Adam's updates are the same, except for its epsilon, which these presets multiply
  by C/2.
- **Steps.** A budget of N steps is N updates. A schedule with `evaluated=start` has the factor of PyTorch's schedulers,
  which step after each update; by default the factor is taken in the middle of a step.
- **PSNR.** `evaluation.psnr` says whether the painting is clipped first. Over all pixels, those trained on included.
- **COIN** prints the best PSNR over the steps. That of a run is the largest one in its `metrics.jsonl`, where
  `--evaluation.interval epoch` evaluates after each full-batch step.
- **Instant-NGP.** The authors' configuration for pictures (NVlabs/instant-ngp, configs/image/base.json) has 16 levels
  with tables of 2^24 entries, Adam at 0.01 with weight decay 1e-6, and a decay of the rate after 20,000 steps. On a
  picture of ordinary size such a grid has many more parameters than the picture has values, and merely stores it. The
  preset `instant-ngp` has the same network, 2 x 64 ReLU units, with tables for 768x512 pixels and 10 seconds.
"""


def page(rows: Sequence[Row]) -> str:
    """Return the page."""
    parts = [INTRODUCTION, *_table(rows), "", *_times(rows), "", "## Printed", "", *_printed(), "", *_settings()]
    return "\n".join([*parts, DEFINITIONS])


def _groups(rows: Sequence[Row]) -> Iterator[tuple[str, int, list[Row]]]:
    order = list(PRESETS)
    ordered = sorted(rows, key=lambda row: (order.index(row["preset"]), row["steps"]))
    for (name, steps), group in groupby(ordered, key=lambda row: (row["preset"], row["steps"])):
        yield name, steps, list(group)


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield "| preset | steps | n | ours | transcription | difference | own weights | largest difference of a step |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, steps, group in _groups(rows):
        ours, theirs, own = (
            statistics.fmean(row[key] for row in group) for key in ("ours", "transcription", "own_weights")
        )
        largest = max(row["largest_difference"] for row in group)
        yield (
            f"| `{name}` | {steps:,} of {group[0]['all_steps']:,} | {len(group)} | {ours:.2f} | {theirs:.2f} | "
            f"{ours - theirs:+.3f} | {own:.2f} | {largest:.3f} |"
        )


def _times(rows: Sequence[Row]) -> Iterator[str]:
    yield "Time of a step, and that of all steps on one picture which follows from it:"
    yield ""
    yield "| preset | picture | engine, threads | ours | transcription | all steps |"
    yield "|---|---|---|---|---|---|"
    for name, _, group in _groups(rows):
        row = group[0]
        width, height = row["size"]
        all_steps = duration(row["all_steps"] * row["seconds_per_step"])
        yield (
            f"| `{name}` | {row['picture']}, {width}x{height} | {row['engine']}, {row['threads']} | "
            f"{row['seconds_per_step']:.3f} s | {row['transcription_seconds_per_step']:.3f} s | {all_steps} |"
        )
    if rows:
        yield ""
        yield f"Measured on {rows[0]['hardware']['cpu']}, {rows[0]['hardware']['cores']} cores, beside other work."


def _printed() -> Iterator[str]:
    yield "| preset | printed | pictures, and what the number is |"
    yield "|---|---|---|"
    for name, each in PUBLISHED.items():
        psnr = "none" if each.psnr is None else f"{each.psnr:.2f} dB"
        yield f"| `{name}` | {psnr} | {each.task}{'; ' if each.result else ''}{each.result} |"


def _settings() -> Iterator[str]:
    for (paper, code), group in groupby(PUBLISHED.items(), key=lambda item: (item[1].paper, item[1].code)):
        names = list(group)
        yield f"### {', '.join(name for name, _ in names)}"
        yield ""
        yield f"{paper}. Code: {code}."
        yield ""
        for sentence in dict.fromkeys(each.leaves_open for _, each in names):
            yield f"Left open, or different here: {sentence}"
            yield ""
        for name, _ in names:
            yield f"- `{name}`: `{to_string(preset(name))}`"
        yield ""
