"""The page of the claim about MNIST: its counts, and the two experiments side by side."""

from __future__ import annotations

from pathlib import Path

from sfumato.lab.experiment import Experiment
from sfumato.lab.mnist_claim import PAGE, Claim
from sfumato.lab.questions import mnist_claim
from sfumato.lab.report.files import PAGE as REPORT
from sfumato.lab.report.page import document, script_safe
from sfumato.lab.report.tables import arms_table
from sfumato.lab.report.text import escaped, section
from sfumato.lab.report.verdict_part import intervals
from sfumato.lab.verdict import comparisons
from sfumato.runs.files import write_bytes

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
    counts = "".join(f"<li>{escaped(line, 400)}</li>" for line in claim.counts())
    verdicts = "".join(f"<li>{escaped(line, 600)}</li>" for line in claim.verdicts())
    head = (
        f'<header class="verdict"><p class="question">{escaped(SAID, 400)}</p>'
        f"<h1>{by_values:.0f} times by input values, {by_work:.2f} times by multiply-adds</h1>"
        f'<ul class="sentences">{counts}{verdicts}</ul></header>\n'
    )
    parts = [
        _part(mnist_claim.PICTURE, "The picture", claim.picture),
        _part(mnist_claim.DIGITS, "Digits", claim.digits),
        section("limits", "Limits", _limits(claim)),
    ]
    links = "".join(
        f'<li><a href="#{name}">{words}</a></li>'
        for name, words in ((mnist_claim.PICTURE, "The picture"), (mnist_claim.DIGITS, "Digits"), ("limits", "Limits"))
    )
    top = (
        f'<div class="top"><p><b>Sfumato</b> <code>{mnist_claim.NAME}</code></p></div>'
        f'<nav aria-label="Parts of this page"><ul>{links}</ul></nav>'
    )
    data = script_safe({"axes": {}, "measure": "", "curves": [], "film": []})
    return document(f"{mnist_claim.NAME}: the claims of 2012 about MNIST", data, top, head + "".join(parts))


def _part(name: str, heading: str, experiment: Experiment) -> str:
    found = comparisons(experiment)
    more = f'<p><a href="{name}/{REPORT}">Everything about this experiment</a></p>'
    body = intervals(found, experiment.plan.measure.named) + arms_table(experiment) + more
    return section(name, heading, body, lead=escaped(experiment.plan.question, 400))


def _limits(claim: Claim) -> str:
    known = claim.digits.plan.picture
    lines = [
        "Time was measured with random numbers in place of MNIST: it does not depend on the values. It is that of "
        "this machine under its load at the time.",
        f"Depth was tried on {known['samples']:,} digits of {known['inputs']} pixels from {known['source']}, tested on "
        f"{known['tests']:,} others that were not used in training or in the choice of a learning rate. The loss is "
        "the squared error from targets of 0 and 1, so that the same engines train both tasks.",
        "Both experiments have the same recipe, seeds, batch and number of samples. The two 95% confidence intervals "
        "are simultaneous. One picture and one set of digits: on others the outcome may differ.",
    ]
    return f"<ul>{''.join(f'<li>{escaped(line, 600)}</li>' for line in lines)}</ul>"
