"""The page of the claim about MNIST: its counts, and the two experiments side by side."""

from __future__ import annotations

from pathlib import Path

from sfumato.lab.claim import PAGE, Claim
from sfumato.lab.experiment import Experiment
from sfumato.lab.questions import mnist_claim as asked
from sfumato.lab.report.arms_table import arms_table
from sfumato.lab.report.files import PAGE as REPORT
from sfumato.lab.report.page import document, script_safe
from sfumato.lab.report.text import section, shown
from sfumato.lab.report.verdict_part import intervals
from sfumato.lab.verdict import comparisons
from sfumato.runs.atomic import write_bytes

SAID = (
    "In 2012 an epoch of the picture was said to be 182 times faster than one of MNIST, and MNIST, unlike the picture, "
    "to be solved by one very large hidden layer."
)


def write(claim: Claim, folder: Path) -> Path:
    """Write the page beside the two experiments' folders. Raises RunError when it cannot be written."""
    path = folder / PAGE
    write_bytes(path, page(claim).encode())
    return path


def page(claim: Claim) -> str:
    """Return the whole page."""
    by_values, by_work = claim.ratios()
    counts = "".join(f"<li>{shown(line, 400)}</li>" for line in claim.counts())
    verdicts = "".join(f"<li>{shown(line, 600)}</li>" for line in claim.verdicts())
    head = (
        f'<header class="verdict"><p class="question">{shown(SAID, 400)}</p>'
        f"<h1>{by_values:.0f} times by what goes in, {by_work:.2f} times by multiply-adds</h1>"
        f'<ul class="sentences">{counts}{verdicts}</ul></header>\n'
    )
    parts = [
        _part(asked.PICTURE, "The picture", claim.picture),
        _part(asked.DIGITS, "Digits", claim.digits),
        section("limits", "Limits", _limits(claim)),
    ]
    links = "".join(
        f'<li><a href="#{name}">{words}</a></li>'
        for name, words in ((asked.PICTURE, "The picture"), (asked.DIGITS, "Digits"), ("limits", "Limits"))
    )
    top = (
        f'<div class="top"><p><b>Sfumato</b> <code>{asked.NAME}</code></p></div>'
        f'<nav aria-label="Parts of this page"><ul>{links}</ul></nav>'
    )
    data = script_safe({"axes": {}, "measure": "", "curves": [], "film": []})
    return document(f"{asked.NAME}: what was said of MNIST in 2012", data, top, head + "".join(parts))


def _part(name: str, heading: str, experiment: Experiment) -> str:
    found = comparisons(experiment)
    more = f'<p><a href="{name}/{REPORT}">Everything about this experiment</a></p>'
    body = intervals(experiment, found) + arms_table(experiment) + more
    return section(name, heading, body, lead=shown(experiment.plan.question, 400))


def _limits(claim: Claim) -> str:
    known = claim.digits.plan.picture
    lines = [
        "Time was measured with random numbers in MNIST's place: what they are does not matter to it. It is that of "
        "this machine, with whatever else it did.",
        f"Depth was tried on {known['samples']:,} digits of {known['inputs']} pixels from {known['source']}, tested on "
        f"{known['tests']:,} others that had no part in training or in the choice of a learning rate. Squared error on "
        "outputs of 0 and 1 stands for the loss, so that the same engines train both tasks.",
        "Both experiments have the same recipe, seeds, batch and number of samples shown. The two verdicts hold "
        "together with 95%. One picture and one set of digits: on others the outcome may differ.",
    ]
    return f"<ul>{''.join(f'<li>{shown(line, 600)}</li>' for line in lines)}</ul>"
