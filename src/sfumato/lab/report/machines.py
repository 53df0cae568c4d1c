"""The machines that trained an experiment, and the limits of one experiment."""

from __future__ import annotations

from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import Plan
from sfumato.lab.report.text import NONE, escaped, pluralize, section

WORDS = {
    "sfumato": "Sfumato",
    "git_commit": "commit",
    "python": "Python",
    "torch": "PyTorch",
    "numpy": "NumPy",
    "numba": "Numba",
    "system": "system",
    "cpu": "processor",
    "cores": "cores",
    "threads": "threads per trial",
    "executor": "executor",
    "workers": "trials at a time",
}


def machines_part(experiment: Experiment) -> str:
    """Return the section with hardware and versions, once per start or continuation of the experiment."""
    found = experiment.folder.machines()
    parts: list[str] = []
    for number, machine in enumerate(found):
        if number and machine == found[number - 1]:
            continue
        entries = "".join(
            f"<dt>{WORDS.get(key, escaped(key))}</dt><dd>{NONE if value is None else escaped(str(value))}</dd>"
            for key, value in machine.items()
        )
        parts.append(f"<dl>{entries}</dl>")
    lead = "One thread per trial, so that the numbers do not depend on how many trials run at once."
    if len(parts) > 1:
        lead += " The experiment was continued on another machine, or with other versions: each is listed."
    return section("machines", "Hardware and versions", "".join(parts) or "<p>Not recorded.</p>", lead=lead)


def limits_part(experiment: Experiment) -> str:
    """Return the section with the conclusions that the experiment does not support."""
    plan = experiment.plan
    lines = [
        *_of_task(plan),
        f"{pluralize(len(plan.seeds), 'seed')} per arm. The confidence intervals are exact where differences between "
        "seeds are normally distributed, which so few seeds cannot show.",
        "Only the learning rate was tuned for each arm; every other setting is the recipe's."
        if plan.tuning is not None
        else "Nothing was tuned: an arm with unsuitable settings scores lower than it could.",
        "Seconds are those of this machine with several trials at once. Operations are those of the network's matrix "
        "products, forward and backward, without those of the optimizer.",
    ]
    if plan.task == "picture":
        lines += [
            "PSNR weights every pixel's squared error equally, unlike human vision; SSIM is in the table.",
            "Paintings and film are those of the first seed; the bands show the spread over the seeds.",
        ]
    return section("limits", "Limits", f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>")


def _of_task(plan: Plan) -> list[str]:
    facts = plan.picture
    if plan.task == "digits":
        return [
            f"One test set of {facts['tests']:,} digits, the same for all seeds: the intervals cover the "
            "variation between seeds, not between test sets.",
            "The loss is the squared error from targets of 0 and 1, so that the same engines train digits and "
            "pictures. Other losses suit classification better.",
        ]
    return [f"One picture of {facts['width']} x {facts['height']} pixels. On another the order of the arms may differ."]
