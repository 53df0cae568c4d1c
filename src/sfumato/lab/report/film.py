"""The film of all arms: their small paintings at marks of training, controlled by one slider."""

from __future__ import annotations

from typing import Any

from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import Arm
from sfumato.lab.report.curves import AXES, axis_choice
from sfumato.lab.report.paintings import opened
from sfumato.lab.report.pictures import fitted
from sfumato.lab.report.text import name, plain, section
from sfumato.lab.trial import Key
from sfumato.lab.tuning import chosen_rates


def film_data(experiment: Experiment, budget: int) -> list[dict[str, Any]]:
    """Return, for each arm that has frames, its index, name, size and frames with the time of each."""
    by_arm = [(number, arm, _frames(experiment, number, arm)) for number, arm in enumerate(experiment.plan.arms)]
    pictures = [image for _, _, frames in by_arm for image, _ in frames]
    uris, _ = fitted(pictures, budget)
    following = iter(uris)
    return [
        {
            "arm": number,
            "name": plain(arm),
            "width": frames[0][0].width,
            "height": frames[0][0].height,
            "frames": [{"src": next(following), **when} for _, when in frames],
        }
        for number, arm, frames in by_arm
        if frames
    ]


def film_part(experiment: Experiment, film: list[dict[str, Any]]) -> str:
    """Return the section, which the page's script fills."""
    if not film:
        return section("film", "Film", "<p>No paintings were saved yet.</p>")
    arms = experiment.plan.arms
    tiles = "".join(
        f'<figure class="tile" data-film="{index}"><div class="frame"><img alt="" hidden '
        f'width="{each["width"]}" height="{each["height"]}"><span class="not-yet">not yet painted</span></div>'
        f'<figcaption><b>{name(arms[each["arm"]])}</b> <span class="score"></span></figcaption></figure>'
        for index, each in enumerate(film)
    )
    body = (
        '<noscript><p>The film and the curves need JavaScript.</p></noscript><div class="player" tabindex="0" '
        'role="group" aria-label="Film of all arms. Space plays, arrows go from painting to painting.">'
        '<div class="controls"><button type="button" id="play" aria-pressed="false">Play</button>'
        '<input type="range" id="moment" min="0" max="1000" value="1000" step="1" aria-label="Point of training">'
        f'<output id="now" for="moment"></output>{axis_choice("film", AXES)}</div>'
        f'<div class="grid tiles">{tiles}</div></div>'
    )
    lead = (
        f"Seed {experiment.plan.seeds[0]} of every arm, each at its last mark before the selected point of training. "
        "<kbd>Space</kbd> plays, <kbd>←</kbd> <kbd>→</kbd> step."
    )
    return section("film", "Film", body, lead=lead)


def _frames(experiment: Experiment, number: int, arm: Arm) -> list[tuple[Any, dict[str, Any]]]:
    plan = experiment.plan
    rates = chosen_rates(plan, experiment.rows, arm)
    if rates is None:
        return []
    key = Key("verdict", arm.name, plan.seeds[0], rates)
    found: list[tuple[Any, dict[str, Any]]] = []
    for mark, point in enumerate(experiment.rows.get(key, {}).get("curve") or []):
        file = experiment.folder.frame_file(key, number, mark)
        image = opened(file, plan.picture["channels"]) if file.exists() else None
        if image is not None:
            gflop = None if arm.operations is None else point["samples"] * arm.operations / 1e9
            when = {"epoch": point["epoch"], "gflop": gflop, "seconds": point["seconds"], "psnr": point["psnr"]}
            found.append((image, when))
    return found
