"""Trials that failed or diverged, with their reasons."""

from __future__ import annotations

from sfumato.lab.experiment import Experiment
from sfumato.lab.report.text import scrolling, section, several, shown
from sfumato.lab.report.tuning import in_words
from sfumato.lab.tuning import good

MOST = 200
"""Most trials listed; trials.csv has all of them."""


def failures_part(experiment: Experiment) -> str:
    """Return the section, which states it where nothing failed."""
    plan = experiment.plan
    found = [row for row in experiment.rows.values() if not good(row)]
    if not found:
        body = "<p>None: every trial came to its end.</p>"
        return section("failures", "Failed and diverged trials", body)
    numbers = {arm.name: number for number, arm in enumerate(plan.arms)}
    known = sorted(
        (row for row in found if row["arm"] in numbers),
        key=lambda row: (row["purpose"] != "verdict", numbers[row["arm"]], row["rates"], row["seed"]),
    )
    rows = "".join(
        f'<tr><th scope="row">{shown(row["arm"])}</th><td>{shown(row["purpose"])}</td><td>{row["seed"]}</td>'
        f"<td>{in_words(row['rates'])}</td><td>{shown(row['status'])}</td>"
        f'<td class="words">{shown(row.get("reason") or "", 300)}</td></tr>'
        for row in known[:MOST]
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("arm", "for", "seed", "rate", "state", "reason"))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    more = f"<p>{several(len(known) - MOST, 'more')} in trials.csv.</p>" if len(known) > MOST else ""
    verdict = sum(row["purpose"] == "verdict" for row in known)
    lead = (
        f"{several(len(known), 'trial')} of {len(experiment.rows):,}, {verdict} of them the verdict's. Seeds of which "
        "one arm failed are no pairs, and a learning rate at which one seed fails is not chosen while another holds."
    )
    return section("failures", "Failed and diverged trials", scrolling("Failed trials", table) + more, lead=lead)
