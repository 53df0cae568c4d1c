"""The page of a verdict on somebody's table of results."""

from __future__ import annotations

from sfumato.formatting import pluralize
from sfumato.lab.report.differences import unit_differences
from sfumato.lab.report.page import document, script_safe
from sfumato.lab.report.text import escaped, scrollable, section
from sfumato.lab.report.verdict_part import headline, intervals
from sfumato.lab.result_table import Result
from sfumato.lab.statistics import FEWEST, LEVEL


def page(result: Result, source: str) -> str:
    """Return the whole page; ``source``: the name of the table's file."""
    found = list(result.comparisons)
    large, more = headline(found)
    question = f"Which {result.columns.arm} is better by {result.columns.value}?"
    sentences = "".join(f"<li>{escaped(line, 600)}</li>" for line in result.sentences())
    head = (
        f'<header class="verdict"><p class="question">{escaped(question, 300)}</p><h1>{escaped(large, 300)}</h1>'
        f'<p class="deck">{escaped(more, 400)}</p>{intervals(found, escaped(found[0].unit))}'
        f'<details open><summary>Details, and how to read them</summary><ul class="sentences">{sentences}</ul>'
        f"{_reading(result)}</details></header>\n"
    )
    parts = [section("table", "Table", _table(result))]
    if result.columns.unit is not None:
        plots = "".join(
            unit_differences(each, result.units, escaped(each.unit), is_open=not number)
            for number, each in enumerate(found)
            if each.difference.pairs
        )
        parts.insert(0, section("units", f"By {escaped(found[0].unit_name)}", plots))
    top = f'<div class="top"><p><b>Sfumato</b> verdict on <code>{escaped(source)}</code></p></div>'
    data = script_safe({"axes": {}, "measure": "", "curves": [], "film": []})
    return document(escaped(f"{source}: {question}", 200), data, top, head + "".join(parts))


def _reading(result: Result) -> str:
    count = len(result.comparisons)
    method = (
        "Student's t on paired differences"
        if result.columns.unit is None
        else f"Student's t on the mean paired difference of each {escaped(result.comparisons[0].unit_name)}, which are "
        "taken as a random sample, with trainings nested in them"
    )
    family = f" simultaneously for {count} comparisons, with Bonferroni's correction" if count > 1 else ""
    return (
        f"<p><b>The confidence interval</b> covers the true mean difference with {LEVEL:.0%} confidence{family}: "
        f"{method}. "
        f"An arm is called better only where the interval excludes 0 and there are at least {FEWEST} "
        f"{escaped(result.comparisons[0].noun)}.</p>"
        f"<p><b>Pairs.</b> Differences are taken between rows of equal {escaped(', '.join(result.columns.pair), 300)}. "
        "Rows without a partner, and values that are no finite number, are counted and left out.</p>"
    )


def _table(result: Result) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escaped(each.arm)}</th><td>{each.mean:.6g}</td><td>{each.deviation:.3g}</td>'
        f"<td>{each.trainings}</td><td>{each.missing}</td></tr>"
        for each in result.scores
    )
    heads = "".join(
        f'<th scope="col">{head}</th>'
        for head in (
            escaped(result.columns.arm),
            f"mean {escaped(result.columns.value)}",
            "±",
            "rows",
            "without a value",
        )
    )
    listed = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    arms = pluralize(len(result.scores), "arm")
    return scrollable("Arms", listed) + f"<p>{arms}; ± is the standard deviation of the rows.</p>"
