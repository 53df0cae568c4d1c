"""The tables of the report: arms, failed trials, machines."""

from __future__ import annotations

from sfumato.formatting import pluralize
from sfumato.lab import arm_summaries
from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import FEWEST_PICTURES, Plan
from sfumato.lab.report.text import NONE, decibels, escaped, figure, name, scrollable, section
from sfumato.lab.report.tuning_part import format_setting, tuned_words
from sfumato.lab.trial import key_of
from sfumato.lab.tuning import good

SSIM = "SSIM"

ARM_COLUMNS = (
    ("arm", "arm"),
    ("{head}", "{meaning}, mean over the seeds"),
    ("±", "standard deviation of that over the seeds"),
    (SSIM, "structural similarity, mean over the seeds"),
    ("{count}", "{count} that finished"),
    ("parameters", "trained weights and biases"),
    ("epochs", "mean over the seeds"),
    ("GFLOP", "operations of one training, forward and backward, in billions"),
    ("s", "seconds of one training on one thread, mean"),
    ("GFLOP to target", "operations until the target was reached, mean of the seeds that reached it"),
    ("s to target", "seconds until the target was reached, mean of the seeds that reached it"),
    ("rate", "learning rate, and other tuned values"),
)

MAX_FAILURES = 200
"""Most trials listed; trials.csv has all of them."""
MACHINE_LABELS = {
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


def table_part(experiment: Experiment) -> str:
    """Return the section."""
    goal, head = arm_summaries.target(experiment), experiment.plan.measure.head
    target = "" if goal is None else f" The target is {goal:.1f} {head}, the final mean of the worst arm."
    over = "the trainings on all pictures" if experiment.plan.has_set else "the seeds"
    lead = f"Means over {over}; ± is the standard deviation.{target} The highest mean is marked."
    return section("table", "Table", arms_table(experiment), lead=lead)


def arms_table(experiment: Experiment) -> str:
    """Return the table itself."""
    rows: list[str] = []
    lines = arm_summaries.lines(experiment)
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
            NONE if untried or not line.rates else escaped(arm_summaries.tuned_text(line)),
        )
        kind = ' class="best"' if line.score == best else ""
        rows.append(f'<tr{kind}><th scope="row">{name(arm)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>')
    count = "trainings" if experiment.plan.has_set else "seeds"
    words = {"head": measure.head, "meaning": measure.meaning, "count": count}
    heads = "".join(
        f'<th scope="col" title="{meaning.format(**words)}">{head.format(**words)}</th>'
        for head, meaning in ARM_COLUMNS
        if painted or head != SSIM
    )
    rendered = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return scrollable(f"Table of arms, {measure.name}", rendered)


def failures_part(experiment: Experiment) -> str:
    """Return the section, which states it where nothing failed."""
    plan = experiment.plan
    found = [row for row in experiment.rows.values() if not good(row)]
    if not found:
        body = "<p>None: every trial finished.</p>"
        return section("failures", "Failed and diverged trials", body)
    numbers = {arm.name: number for number, arm in enumerate(plan.arms)}
    known = sorted(
        (row for row in found if row["arm"] in numbers),
        key=lambda row: (row["purpose"] != "verdict", numbers[row["arm"]], row["rates"], row["seed"]),
    )
    rows = "".join(
        f'<tr><th scope="row">{escaped(row["arm"])}</th><td>{escaped(row["purpose"])}</td><td>{row["seed"]}</td>'
        f"<td>{escaped(format_setting(key_of(row).setting))}</td><td>{escaped(row['status'])}</td>"
        f'<td class="words">{escaped(row.get("reason") or "", 300)}</td></tr>'
        for row in known[:MAX_FAILURES]
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("arm", "for", "seed", "rate", "state", "reason"))
    listed = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    more = f"<p>{pluralize(len(known) - MAX_FAILURES, 'more')} in trials.csv.</p>" if len(known) > MAX_FAILURES else ""
    verdict = sum(row["purpose"] == "verdict" for row in known)
    lead = (
        f"{pluralize(len(known), 'trial')} of {len(experiment.rows):,}, {verdict} of them for the verdict. A seed at "
        "which one arm failed gives no pair, and a tuned value with which one seed failed is not chosen if another "
        "one worked on all seeds."
    )
    return section("failures", "Failed and diverged trials", scrollable("Failed trials", listed) + more, lead=lead)


def machines_part(experiment: Experiment) -> str:
    """Return the section with hardware and versions, once per start or continuation of the experiment."""
    found = experiment.folder.machines()
    parts: list[str] = []
    for number, machine in enumerate(found):
        if number and machine == found[number - 1]:
            continue
        entries = "".join(
            f"<dt>{MACHINE_LABELS.get(key, escaped(key))}</dt><dd>{NONE if value is None else escaped(str(value))}</dd>"
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
    unit = "pictures" if plan.has_set else "seeds"
    lines = [
        *_task_limits(plan),
        f"{pluralize(len(plan.seeds), 'seed')} per arm{' and picture' if plan.has_set else ''}. The confidence "
        f"intervals are exact where differences between {unit} are normally distributed, which so few {unit} cannot "
        "show.",
        f"Only {escaped(tuned_words(plan))} were tuned for each arm; every other setting is the recipe's."
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


def _task_limits(plan: Plan) -> list[str]:
    facts = plan.picture
    if plan.task == "digits":
        return [
            f"One test set of {facts['tests']:,} digits, the same for all seeds: the intervals cover the "
            "variation between seeds, not between test sets.",
            "The loss is the squared error from targets of 0 and 1, so that the same engines train digits and "
            "pictures. Other losses suit classification better.",
        ]
    if plan.has_set:
        return [
            "The verdict is about pictures like these, as far as they are a random sample: one that was chosen for its "
            "kind says little about other kinds.",
            *(
                ["Fewer than 5 pictures: no verdict about pictures is given."]
                if len(plan.verdict_pictures) < FEWEST_PICTURES
                else []
            ),
        ]
    return [f"One picture of {facts['width']} x {facts['height']} pixels. On another the order of the arms may differ."]
