"""The headline: the verdicts of all comparisons in one sentence."""

from __future__ import annotations

from sfumato.lab.report.text import pluralize
from sfumato.lab.statistics import FEWEST
from sfumato.lab.verdict import Comparison, claim


def headline(found: list[Comparison]) -> tuple[str, str]:
    """Return (headline, addition), not escaped. Claims nothing that the intervals do not support."""
    if len(found) == 1:
        text = claim(found[0])
        # The numbers of a verdict follow these words; a text without a verdict stays as it is.
        large, separator, rest = text.rpartition(" by ")
        if not found[0].difference.sign or not separator:
            large, separator, rest = text.rpartition(": ")
        return _capital(large), f"{'By' if found[0].difference.sign else ''} {rest}".strip()
    better = [each for each in found if each.difference.sign > 0]
    worse = [each for each in found if each.difference.sign < 0]
    open_ = [each for each in found if not each.difference.sign]
    if all(each.difference.pairs < FEWEST for each in found):
        return "No verdict", f"Fewer than {FEWEST} paired seeds finished: no verdict."
    if len({each.b.name for each in found}) > 1:
        return f"{len(better) + len(worse)} of {pluralize(len(found), 'comparison')} show a difference", _largest(found)
    reference, everyone = found[0].b, len(found)
    called = reference.title or reference.name
    if len(better) == everyone:
        return f"All {everyone} others beat {called}", _largest(found)
    if len(worse) == everyone:
        return f"{_capital(called)} {reference.verb} all {everyone} others", _largest(found)
    if len(open_) == everyone:
        return f"No difference shown between {called} and any of the {everyone} others", ""
    parts: list[str] = []
    if better:
        parts.append(f"{len(better)} of {everyone} {'beats' if len(better) == 1 else 'beat'} {called}")
    if worse:
        whom = "" if better else f" than {called}"
        count = f"{len(worse)}" if better else f"{len(worse)} of {everyone}"
        parts.append(f"{count} {'does' if len(worse) == 1 else 'do'} worse{whom}")
    if open_:
        parts.append(f"no difference shown for {len(open_)}")
    return "; ".join(parts), _largest(found)


def _largest(found: list[Comparison]) -> str:
    different = [each for each in found if each.difference.sign]
    if not different:
        return ""
    return f"The largest difference: {claim(max(different, key=lambda each: abs(each.difference.mean)))}."


def _capital(text: str) -> str:
    # The name of a custom arm keeps its case: only the page's own words are capitalized.
    return "N" + text[1:] if text.startswith("no ") else text
