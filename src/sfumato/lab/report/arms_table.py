"""The table of arms, as in the terminal."""

from __future__ import annotations

from sfumato.lab import table
from sfumato.lab.experiment import Experiment
from sfumato.lab.report.text import NONE, decibels, figure, name, scrollable, section

SSIM = "SSIM"

HEADS = (
    ("arm", "arm"),
    ("{head}", "{meaning}, mean over the seeds"),
    ("±", "standard deviation of that over the seeds"),
    (SSIM, "structural similarity, mean over the seeds"),
    ("seeds", "seeds that finished"),
    ("parameters", "trained weights and biases"),
    ("epochs", "mean over the seeds"),
    ("GFLOP", "operations of one training, forward and backward, in billions"),
    ("s", "seconds of one training on one thread, mean"),
    ("GFLOP to target", "operations until the target was reached, mean of the seeds that reached it"),
    ("s to target", "seconds until the target was reached, mean of the seeds that reached it"),
    ("rate", "learning rate"),
)


def table_part(experiment: Experiment) -> str:
    """Return the section."""
    goal, head = table.target(experiment), experiment.plan.measure.head
    target = "" if goal is None else f" The target is {goal:.1f} {head}, the final mean of the worst arm."
    lead = f"Means over the seeds; ± is the standard deviation.{target} The highest mean is marked."
    return section("table", "Table", arms_table(experiment), lead=lead)


def arms_table(experiment: Experiment) -> str:
    """Return the table itself."""
    rows: list[str] = []
    lines = table.lines(experiment)
    measure, painted = experiment.plan.measure, experiment.plan.task == "picture"
    best = max((line.score for line in lines if line.finished), default=None)
    for line in lines:
        arm = line.arm
        failed = f", {line.failed} failed" if line.failed else ""
        untried = not line.finished and not line.failed
        cells = (
            decibels(line.score),
            decibels(line.deviation),
            *([decibels(line.ssim)] if painted else []),
            f"{line.finished}{failed}",
            NONE if arm.parameters is None else f"{arm.parameters:,}",
            figure(line.epochs),
            figure(line.gigaflop),
            figure(line.seconds),
            figure(line.gigaflop_to_target),
            figure(line.seconds_to_target),
            NONE if untried or not line.rates else ", ".join(f"{rate:.2g}" for rate in line.rates),
        )
        kind = ' class="best"' if line.score == best else ""
        rows.append(f'<tr{kind}><th scope="row">{name(arm)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>')
    words = {"head": measure.head, "meaning": measure.meaning}
    heads = "".join(
        f'<th scope="col" title="{meaning.format(**words)}">{head.format(**words)}</th>'
        for head, meaning in HEADS
        if painted or head != SSIM
    )
    whole = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return scrollable(f"Table of arms, {measure.name}", whole)
