"""The page of `optimizers_result.py`, every sentence of which follows from its numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

LINE = 120
"""Characters of a line of text."""

COMMAND = "python benchmarks/optimizers_result.py --pictures kodak --out DIR"

TRAINED = 1.0
"""dB above a painting of the mean color from which an optimizer counts as having trained."""

Numbers = Mapping[str, Any]


def page(numbers: Numbers, figure: str) -> str:
    """Return the page in Markdown. ``figure``: the path of the figure in the folder of the documentation."""
    settings = numbers["settings"]
    first, *others = settings["optimizers"]
    parts = [
        f"# Is `{first}` the best optimizer in equal time?",
        f"Trainings of {settings['seconds']:g} s on one core, by {_joined(_code(first, *others))}, each at the "
        f"best of the learning rates tried for it: {len(settings['pictures'])} pictures and {len(numbers['networks'])} "
        f"networks. The output of `{COMMAND}`, which also wrote "
        "[all numbers](../../benchmarks/results/optimizers.json).",
        "## Verdict",
        verdict(numbers),
        "## Differences at the end",
        f"`{first}` minus the other optimizer, in dB of PSNR, over pictures like these. Above 0, `{first}` is better. "
        f"The {numbers['family']} intervals are Student's, and together have a confidence of {numbers['level']:.0%} "
        "(Bonferroni's correction) as far as the differences are normally distributed; the noise of the choice among "
        "the rates tried is included. *At these rates*: the same without that noise, for the rates chosen here. "
        "*Turned*: pictures on which the difference has the other sign than the mean.",
        _differences(numbers),
        f"![Differences on each picture](../{figure})",
        "## PSNR over time",
        *_over_time(numbers),
        "## Settings",
        *_settings(numbers),
        "## How much is the implementation?",
        *_implementation(numbers),
        "## Limits",
        _limits(numbers),
        "## Repeat it",
        _repeat(numbers),
    ]
    return "\n\n".join(map(_wrapped, parts)) + "\n"


def verdict(numbers: Numbers) -> str:
    """Return the verdict in sentences: over all networks, by optimizer, and the best of each network."""
    first, *others = numbers["settings"]["optimizers"]
    found = [each for network in numbers["networks"].values() for each in network["comparisons"]]
    signs = [each["verdict"] for each in found]
    if "none" in signs:
        return f"No verdict: it needs {numbers['fewest_pictures']} pictures with trainings that finished."
    open_ = signs.count("no difference shown")
    counts = f"{signs.count('better')} are above 0, {signs.count('worse')} below, and {open_} include it"
    claim = "does not beat" if "worse" in signs else "is not shown to beat" if open_ else "beats"
    lines = [
        f"**`{first}` {claim} every other optimizer on every network**: of {len(found)} simultaneous "
        f"{numbers['level']:.0%} intervals of its difference from another optimizer, {counts}. "
        f"{_at_these_rates(found)}"
    ]
    lines += [f"- {_against(numbers, first, other)}" for other in others]
    best = {network["title"]: _best(network["arms"]) for network in numbers["networks"].values()}
    highest = ", ".join(f"`{name}` on {title}" for title, name in best.items())
    end = f"The highest mean PSNR at the end: {highest}.{_untrained(numbers)}"
    return "\n".join([lines[0], "", *lines[1:], "", end])


def _at_these_rates(found: Sequence[Mapping[str, Any]]) -> str:
    """Return how many intervals exclude 0 without the noise of the choice of rates."""
    ends = [each["at_these_rates"] for each in found]
    above = sum(low is not None and low > 0 for low, _ in ends)
    below = sum(high is not None and high < 0 for _, high in ends)
    return f"Without the noise of the choice of learning rates, {above} are above 0 and {below} below."


def _untrained(numbers: Numbers) -> str:
    """Return a sentence about optimizers that end near the mean color of the pictures; empty if none does."""
    level = numbers["settings"]["mean_color"]
    found = [
        f"`{name}` on {network['title']} ({arm['marks'][-1]['mean']:.1f} dB)"
        for network in numbers["networks"].values()
        for name, arm in network["arms"].items()
        if arm["marks"] and arm["marks"][-1]["mean"] < level + TRAINED
    ]
    if not found:
        return ""
    return (
        f" Not {TRAINED:g} dB above a painting of the mean color ({level:.1f} dB), and so hardly trained at any of the "
        f"rates tried: {', '.join(found)}; differences from it say how far the others came, not how much better they "
        "are than it could be."
    )


def _against(numbers: Numbers, first: str, other: str) -> str:
    groups: dict[str, list[str]] = {"better": [], "worse": [], "no difference shown": []}
    for network in numbers["networks"].values():
        found = next(each for each in network["comparisons"] if each["reference"] == other)
        groups[found["verdict"]].append(f"{network['title']} ({found['mean']:+.2f} dB)")
    words = {"better": "better on", "worse": "worse on", "no difference shown": "no difference shown on"}
    return (
        f"`{first}` against `{other}`: "
        + "; ".join(f"{words[kind]} {', '.join(titles)}" for kind, titles in groups.items() if titles)
        + "."
    )


def _best(arms: Mapping[str, Any]) -> str:
    return max(arms, key=lambda name: arms[name]["marks"][-1]["mean"] if arms[name]["marks"] else float("-inf"))


def _differences(numbers: Numbers) -> str:
    rows: list[list[str]] = []
    for network in numbers["networks"].values():
        for found in network["comparisons"]:
            turned = f"{len(found['turned'])} of {found['pairs']}"
            named = f": {', '.join(found['turned'])}" if 0 < len(found["turned"]) <= 4 else ""
            rows.append(
                [
                    network["title"],
                    f"`{found['reference']}`",
                    "-" if found["mean"] is None else f"{found['mean']:+.2f}",
                    _interval(found["low"], found["high"]),
                    found["verdict"],
                    _interval(*found["at_these_rates"]),
                    turned + named,
                ]
            )
    heads = ["network", "against", "mean", "interval", f"`{_first(numbers)}` is", "at these rates", "turned"]
    return _table(heads, rows)


def _interval(low: float | None, high: float | None) -> str:
    return "unknown" if low is None or high is None else f"{low:+.2f} to {high:+.2f}"


def _over_time(numbers: Numbers) -> list[str]:
    parts: list[str] = [
        "Mean PSNR in dB over the pictures (lowest to highest picture at the end). The rate decays until the end of "
        "the budget, so that a training with a shorter budget would be better at the earlier times."
    ]
    for network in numbers["networks"].values():
        longest = max((arm["marks"] for arm in network["arms"].values()), key=len)
        heads = ["optimizer", *(f"{mark['seconds']:.3g} s" for mark in longest)]
        rows = [
            [
                f"`{name}`",
                *(f"{mark['mean']:.2f}" for mark in arm["marks"][:-1]),
                *(f"{mark['mean']:.2f} ({mark['low']:.2f} to {mark['high']:.2f})" for mark in arm["marks"][-1:]),
            ]
            for name, arm in network["arms"].items()
        ]
        parts += [f"**{network['title']}**", _table(heads, rows)]
    return parts


def _settings(numbers: Numbers) -> list[str]:
    settings, networks = numbers["settings"], numbers["networks"]
    seeds = settings["seeds"]
    apart = ", which the verdict does not use" if settings["separate"] else ""
    cpu = numbers["calibration"]["hardware"]
    timings = min(arm["timings"] for network in networks.values() for arm in network["arms"].values())
    return [
        f"Pictures of {' or '.join(settings['size'])} pixels, {seeds} seed{'s' if seeds > 1 else ''} each; rates are "
        f"tuned on {len(settings['tuning_pictures'])} others ({', '.join(settings['tuning_pictures'])}){apart}, as "
        f"`sfumato compare` does. All train with batches of {settings['batch']}, the schedule "
        f"`{settings['schedule']}`, with which every optimizer ends its own budget at a rate of 0, and "
        f"{settings['depth']} hidden layers of {settings['width']} units:",
        "\n".join(
            f"- {each['title']}, {each['parameters']:,} parameters: {each['source']}." for each in networks.values()
        ),
        "A step's time is the median processor time of one thread, measured alternately with all others "
        f"(n = {timings} rounds of 20 steps, {cpu['cpu']}, {cpu['cores']} cores; in parentheses the quartiles). Every "
        "optimizer runs in the fastest engine that has it, and its budget is the number of steps that fit into the "
        "seconds. Evaluation is not counted. *Rates tried* includes those at which training diverged.",
        _table(
            ["network", "optimizer", "engine", "ms per step", "steps", "rates", "rates tried", "diverged"],
            [
                _arm(network["title"], name, arm)
                for network in networks.values()
                for name, arm in network["arms"].items()
            ],
        ),
    ]


def _arm(network: str, name: str, arm: Mapping[str, Any]) -> list[str]:
    border = {1: " (highest tried)", -1: " (lowest tried)"}.get(arm["rate_at_border"], "")
    rates = ", ".join(f"{rate:g}" for rate in arm["rates"]) + border
    low, high = arm["quartiles"]
    cost = [f"{arm['milliseconds_per_step']:.2f} ({low:.2f} to {high:.2f})", f"{arm['steps']:,}"]
    return [
        network,
        f"`{name}`",
        f"`{arm['engine']}`",
        *cost,
        rates,
        str(arm["rates_tried"]),
        str(arm["failed_or_diverged"]),
    ]


def _implementation(numbers: Numbers) -> list[str]:
    first = _first(numbers)
    own = sorted(
        {
            f"`{name}`"
            for network in numbers["networks"].values()
            for name, arm in network["arms"].items()
            if arm["engine"] != "autograd"
        }
    )
    return [
        f"Engine `fused` has {_joined(own)}, and the others run in PyTorch, where each step has a fixed cost that "
        "weighs more in small networks. Two other readings of the same trainings, by interpolation between their "
        f"marks: PSNR in dB, and in parentheses `{first}` minus the other and on how many pictures `{first}` is "
        "better. Here optimizers whose budget is cut short are read before their rate has decayed, which is to their "
        "disadvantage.",
        "**After equally many steps**, those of the optimizer that has fewest:",
        _reading(numbers, "equal_steps"),
        "**If all ran in PyTorch**: every optimizer after the steps that its time per step in `autograd` leaves it:",
        _reading(numbers, "all_in_autograd"),
    ]


def _reading(numbers: Numbers, key: str) -> str:
    names = numbers["settings"]["optimizers"]
    rows: list[list[str]] = []
    for network in numbers["networks"].values():
        found = network[key]
        steps = found["steps"]
        cells: list[str] = []
        for name in names:
            value, difference = found["psnr"][name], found["differences"].get(name)
            count = f", {steps[name]:,} steps" if isinstance(steps, Mapping) else ""
            beside = (
                f" ({difference['mean']:+.2f}, {difference['better']} of {difference['n']}{count})"
                if difference
                else f" ({count[2:]})"
                if count
                else ""
            )
            cells.append("-" if value is None else f"{value:.2f}{beside}")
        rows.append([network["title"] + ("" if isinstance(steps, Mapping) else f", {steps:,} steps"), *cells])
    return _table(["network", *(f"`{name}`" for name in names)], rows)


def _limits(numbers: Numbers) -> str:
    settings = numbers["settings"]
    return "\n".join(
        [
            f"- One size of pictures ({' or '.join(settings['size'])}), one width ({settings['width']}), one depth, "
            f"one batch size, and one budget of {settings['seconds']:g} s: larger networks and longer trainings may "
            "order the optimizers otherwise.",
            "- One machine. Seconds depend on it and on how well each optimizer is implemented, as the tables above "
            "show. They are equal as far as the times of steps were measured; the quartiles say how far.",
            f"- {settings['seeds']} seed{'s' if settings['seeds'] > 1 else ''} per picture, so differences vary from "
            "picture to picture by the seeds too. Where a few pictures differ much from the others, the intervals are "
            "approximate.",
            "- A rate between those tried may be better, the more so near the highest rate at which an optimizer "
            "trains; the intervals do not cover that.",
            "- Only the learning rate is tuned. Optimizers with two rates keep their ratio, and all other parameters "
            "are defaults, which were chosen for the default network, of leaky ReLU.",
            "- The pictures were seen before: a first analysis of them led to today's defaults of `kfac` and to "
            "today's search for rates. All trainings were then made anew.",
            "- The frequencies and widths of the networks are the usual ones, not the best for each optimizer.",
            "- No network with a trained encoding, such as a hash grid.",
            "- The pictures are photographs. The intervals are about photographs like these.",
        ]
    )


def _repeat(numbers: Numbers) -> str:
    hours = numbers["hours"]
    made = numbers["calibration"]
    return (
        f"`{COMMAND}` continues where it was ended; `--minutes 30` ends it after so long, and more `--seeds` may be "
        f"added. The {numbers['trainings']:,} trainings, tuning included, are {hours['nominal']:.1f} hours of steps at "
        f"the calibrated times, and took {hours['recorded']:.1f} processor hours on the busy machine, evaluation and "
        f"all, as far as recorded. Calibrated with PyTorch {made['versions']['torch']}, NumPy "
        f"{made['versions']['numpy']} and Numba {made['versions']['numba']}. The trainings themselves do not depend on "
        "the load of the machine."
    )


def _first(numbers: Numbers) -> str:
    return str(numbers["settings"]["optimizers"][0])


def _code(*names: str) -> list[str]:
    return [f"`{name}`" for name in names]


def _joined(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _wrapped(part: str) -> str:
    """Return the part with lines of at most `LINE` characters, apart from tables, pictures and headings."""
    if part.startswith(("|", "!", "#")):
        return part
    return "\n".join(
        "\n".join(
            textwrap.wrap(
                line,
                LINE,
                subsequent_indent="  " if line.startswith("- ") else "",
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
        for line in part.split("\n")
    )
