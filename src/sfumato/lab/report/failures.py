"""Trials that failed or diverged, with their reasons."""

from __future__ import annotations

from sfumato.lab.experiment import Experiment
from sfumato.lab.report.text import escaped, pluralize, scrollable, section
from sfumato.lab.report.tuning import format_rates
from sfumato.lab.tuning import good

MOST = 200
"""Most trials listed; trials.csv has all of them."""


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
        f"<td>{format_rates(row['rates'])}</td><td>{escaped(row['status'])}</td>"
        f'<td class="words">{escaped(row.get("reason") or "", 300)}</td></tr>'
        for row in known[:MOST]
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("arm", "for", "seed", "rate", "state", "reason"))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    more = f"<p>{pluralize(len(known) - MOST, 'more')} in trials.csv.</p>" if len(known) > MOST else ""
    verdict = sum(row["purpose"] == "verdict" for row in known)
    lead = (
        f"{pluralize(len(known), 'trial')} of {len(experiment.rows):,}, {verdict} of them for the verdict. A seed at "
        "which one arm failed gives no pair, and a learning rate at which one seed failed is not chosen if another "
        "rate worked on all seeds."
    )
    return section("failures", "Failed and diverged trials", scrollable("Failed trials", table) + more, lead=lead)
