"""The part of the report about a set of pictures: differences and scores on each of them, and aggregates over all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from sfumato import images
from sfumato.formatting import pluralize
from sfumato.lab.aggregate import Estimate, interquartile_mean, performance_profile, probability_of_improvement
from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import Arm
from sfumato.lab.report.curves import line_class
from sfumato.lab.report.differences import unit_differences
from sfumato.lab.report.paintings import fitted, opened
from sfumato.lab.report.text import NONE, decibels, escaped, name, scrollable, section
from sfumato.lab.report.tuning_part import tuned_words
from sfumato.lab.trial import key_at
from sfumato.lab.tuning import chosen_setting
from sfumato.lab.verdict import comparisons, grouped

MAX_TABLE_ROWS = 200
MAX_PAINTED, MAX_PAINTED_ARMS = 24, 6
"""Pictures and arms of the small multiples."""
SMALL_SIDE = 160
"""Pixels of the longer side of a small painting."""
PROFILE_POINTS = 101


def pictures_part(experiment: Experiment, budget: int) -> str:
    """Return the section, with pictures of at most ``budget`` characters."""
    plan = experiment.plan
    found = [each for each in comparisons(experiment) if each.difference.pairs]
    plots = "".join(
        unit_differences(each, plan.picture_names, plan.measure.named, is_open=not number)
        for number, each in enumerate(found)
    )
    body = plots + _aggregates(experiment) + _profile(experiment) + _table(experiment) + _multiples(experiment, budget)
    lead = (
        f"{pluralize(len(plan.verdict_pictures), 'picture')} in the verdict; {_tuned(experiment)} "
        f"{_sizes(experiment)} The confidence interval treats them as a sample of pictures like these."
    )
    return section("pictures", "Pictures", body, lead=lead)


def _tuned(experiment: Experiment) -> str:
    plan = experiment.plan
    if plan.tuning is None:
        return "nothing was tuned on any of them."
    names = escaped(", ".join(plan.picture_names[number] for number in plan.tuning_pictures), 400)
    words = escaped(tuned_words(plan))
    if set(plan.tuning_pictures) & set(plan.verdict_pictures):
        return f"{words} were tuned on {names}, with other seeds: too few pictures to keep some apart."
    return f"{words} were tuned on {names}, which the verdict does not use."


def _sizes(experiment: Experiment) -> str:
    plan = experiment.plan
    samples = [plan.samples(number) for number in plan.verdict_pictures]
    if min(samples) == max(samples):
        return f"All have {samples[0]:,} pixels."
    rule = {
        "samples": "each trains on equally many samples",
        "seconds": "each trains equally long",
    }.get(plan.equal, "each trains on its own pixels equally often, a larger one on more samples")
    return f"They have {min(samples):,} to {max(samples):,} pixels; {rule}."


def _scores(experiment: Experiment, arm: Arm) -> dict[int, list[float]]:
    return grouped(experiment.plan, experiment.scores(arm))


def _aggregates(experiment: Experiment) -> str:
    plan = experiment.plan
    reference = plan.comparisons[0][1]
    scores = {arm.name: _scores(experiment, arm) for arm in plan.arms}
    rows = ""
    for arm in plan.arms:
        middle = interquartile_mean(scores[arm.name])
        pairs = [(a, b) for a, b in plan.comparisons if a == arm.name]
        better = probability_of_improvement(scores[pairs[0][0]], scores[pairs[0][1]]) if pairs else None
        against = escaped(pairs[0][1]) if pairs else NONE
        rows += (
            f'<tr><th scope="row">{name(arm)}</th><td>{_estimate(middle, ".2f")}</td>'
            f"<td>{_estimate(better, '.0%')}</td><td>{against}</td></tr>"
        )
    heads = "".join(
        f'<th scope="col" title="{title}">{head}</th>'
        for head, title in (
            ("arm", "arm"),
            (
                f"interquartile mean, {plan.measure.head}",
                "mean of the middle half of all scores",
            ),
            ("probability of improvement", "that a training scores higher than one of the other arm on that picture"),
            ("over", "the other arm"),
        )
    )
    listed = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    note = (
        "<p>In brackets: 95% bootstrap intervals over the pictures (Agarwal et al. 2021). They describe; the verdict "
        f"follows from the confidence interval of the mean difference alone. {_reference(reference)}</p>"
    )
    return f"<h3>Aggregates</h3>{scrollable('Aggregates over pictures', listed)}{note}"


def _reference(reference: str) -> str:
    return f"50% would be no improvement over {escaped(reference)}." if reference else ""


def _estimate(found: Estimate | None, form: str) -> str:
    if found is None:
        return NONE
    bounds = "" if np.isinf(found.low) else f" [{found.low:{form}}, {found.high:{form}}]"
    return f"{found.value:{form}}{bounds}"


def _profile(experiment: Experiment) -> str:
    """Return the performance profiles of all arms as one chart."""
    plan = experiment.plan
    scores = [_scores(experiment, arm) for arm in plan.arms]
    known = [value for each in scores for values in each.values() for value in values]
    if not known or min(known) == max(known):
        return ""
    thresholds = np.linspace(min(known), max(known), PROFILE_POINTS)
    width, height, left, bottom = 720, 260, 44, 34
    lines, legend = "", ""
    for number, arm in enumerate(plan.arms):
        values = performance_profile(scores[number], thresholds)
        xs = left + (width - left - 8) * (thresholds - thresholds[0]) / (thresholds[-1] - thresholds[0])
        ys = 8 + (height - bottom - 8) * (1 - values)
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
        lines += f'<polyline class="curve {line_class(number)}" points="{points}"/>'
        legend += (
            f'<li><svg class="swatch" width="26" height="10" aria-hidden="true"><line class="{line_class(number)}" '
            f'x1="1" x2="25" y1="5" y2="5"/></svg> {name(arm)}</li>'
        )
    ticks = "".join(
        f'<text x="{left + (width - left - 8) * part:.0f}" y="{height - 12}" text-anchor="{anchor}">'
        f"{thresholds[0] + part * (thresholds[-1] - thresholds[0]):.1f}</text>"
        for part, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end"))
    )
    sides = "".join(
        f'<line class="rule" x1="{left}" x2="{width - 8}" y1="{8 + (height - bottom - 8) * (1 - part):.0f}" '
        f'y2="{8 + (height - bottom - 8) * (1 - part):.0f}"/><text x="{left - 6}" '
        f'y="{12 + (height - bottom - 8) * (1 - part):.0f}" text-anchor="end">{part:.0%}</text>'
        for part in (0.0, 0.5, 1.0)
    )
    chart = (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Performance profiles">{sides}{ticks}{lines}</svg>'
    )
    return (
        f'<h3>Performance profile</h3><figure class="profile"><figcaption>Fraction of trainings that reach at '
        f"least a {plan.measure.name} (horizontal, {plan.measure.head}); pictures weigh equally. A line above "
        f'another is better at every quality.</figcaption>{chart}<ul class="legend">{legend}</ul></figure>'
    )


def _table(experiment: Experiment) -> str:
    plan = experiment.plan
    scores = {arm.name: _scores(experiment, arm) for arm in plan.arms}
    heads = "".join(f'<th scope="col">{name(arm)}</th>' for arm in plan.arms)
    rows = ""
    for number in plan.verdict_pictures[:MAX_TABLE_ROWS]:
        means = [float(np.mean(each[number])) if each[number] else None for each in scores.values()]
        best = max((mean for mean in means if mean is not None), default=None)
        cells = "".join(f"<td{_best(mean, best)}>{decibels(mean)}</td>" for mean in means)
        rows += f'<tr><th scope="row">{escaped(plan.picture_names[number])}</th>{cells}</tr>'
    table = f'<table><thead><tr><th scope="col">picture</th>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    return f"<h3>Mean {plan.measure.name} of the seeds on each picture</h3>{scrollable('Scores by picture', table)}"


def _best(mean: float | None, best: float | None) -> str:
    return ' class="chosen"' if mean is not None and mean == best else ""


def _multiples(experiment: Experiment, budget: int) -> str:
    """Return the paintings of the first seed, one row of small pictures for each picture."""
    plan = experiment.plan
    arms, pictures = plan.arms[:MAX_PAINTED_ARMS], plan.verdict_pictures[:MAX_PAINTED]
    rows = [_paintings_of(experiment, number, arms) for number in pictures]
    uris = iter(fitted([image for row in rows for _, _, image in row], budget)[0])
    strips = ""
    for row in rows:
        cards = "".join(_card(next(uris), label, caption, image) for label, caption, image in row)
        strips += f'<div class="strip">{cards}</div>'
    left = len(plan.verdict_pictures) - len(pictures)
    more = f" {pluralize(left, 'more picture')} in the folder." if left > 0 else ""
    return f"<h3>Paintings</h3><p>The last paintings of seed {plan.seeds[0]}.{more}</p>{strips}"


def _card(uri: str, label: str, caption: str, image: Image.Image) -> str:
    if not uri:
        return ""
    return (
        f'<figure class="card"><button type="button" class="picture" aria-label="{label}, enlarge"><img src="{uri}" '
        f'alt="{label}" width="{image.width}" height="{image.height}"></button>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _paintings_of(experiment: Experiment, number: int, arms: Sequence[Arm]) -> list[tuple[str, str, Image.Image]]:
    """Return the (label, caption, picture) of the target and of each arm's painting, as far as they were saved."""
    plan = experiment.plan
    title = plan.picture_names[number]
    transfer = plan.arms[0].recipe.picture.transfer
    target = images.as_image(images.to_srgb(experiment.folder.picture(number), transfer))
    found = [(escaped(f"{title}, the picture"), f"<b>{escaped(title)}</b>", _small(target))]
    for arm in arms:
        setting = chosen_setting(plan, experiment.rows, arm)
        if setting is None:
            continue
        key = key_at("verdict", arm.name, (number, plan.seeds[0]), setting)
        file = experiment.folder.painting_file(key, plan.arms.index(arm))
        image = opened(file, plan.picture["channels"]) if file.exists() else None
        if image is not None:
            score = decibels(experiment.scores(arm).get((number, plan.seeds[0])))
            caption = f'{name(arm)} <span class="score">{score} dB</span>'
            found.append((f"{escaped(title)}, {name(arm)}, {score} dB", caption, _small(image)))
    return found


def _small(image: Image.Image) -> Image.Image:
    scale = min(1.0, SMALL_SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
