"""The machines that trained an experiment, and the limits of one experiment."""

from __future__ import annotations

from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import Plan
from sfumato.lab.report.text import NONE, section, several, shown

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
    "threads": "threads a trial",
    "executor": "trained in",
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
            f"<dt>{WORDS.get(key, shown(key))}</dt><dd>{NONE if value is None else shown(str(value))}</dd>"
            for key, value in machine.items()
        )
        parts.append(f"<dl>{entries}</dl>")
    lead = "One thread a trial, so that the numbers do not depend on how many are trained at once."
    if len(parts) > 1:
        lead += " It was gone on with elsewhere, or otherwise: each is listed."
    return section("machines", "Hardware and versions", "".join(parts) or "<p>Not noted.</p>", lead=lead)


def limits_part(experiment: Experiment) -> str:
    """Return the section with the conclusions that the experiment does not support."""
    plan = experiment.plan
    lines = [
        *_of_task(plan),
        f"{several(len(plan.seeds), 'seed')} an arm. The intervals are exact where differences between seeds are "
        "normally distributed, which so few cannot show.",
        "Only the learning rate was tuned for each arm; every other setting is as its recipe says."
        if plan.tuning is not None
        else "Nothing was tuned: an arm whose settings suit it badly is told worse than it could be.",
        "Seconds are those of this machine with several trials side by side. Operations count the products of the "
        "network's layers, forward and back, and leave out what the optimizer does.",
    ]
    if plan.task == "picture":
        lines += [
            "PSNR counts every pixel's squared error alike. It is not what an eye sees; SSIM stands in the table.",
            "Paintings and film are those of the first seed. Look at the bands before a single painting persuades you.",
        ]
    return section("limits", "Limits", f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>")


def _of_task(plan: Plan) -> list[str]:
    facts = plan.picture
    if plan.task == "digits":
        return [
            f"One test set of {facts['tests']:,} digits, the same for all seeds: the intervals tell how far seeds "
            "differ, not how another test set would.",
            "Squared error on outputs of 0 and 1, so that the same engines train digits and pictures. Other losses "
            "suit classification better.",
        ]
    return [f"One picture of {facts['width']} x {facts['height']} pixels. On another the order of the arms may differ."]
