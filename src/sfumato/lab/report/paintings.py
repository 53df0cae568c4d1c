"""The paintings of all arms: the last ones with their error maps, and a film of all of them."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato import images
from sfumato.lab.experiment import Experiment
from sfumato.lab.plan import Arm, Plan
from sfumato.lab.report.curves import AXES, axis_choice
from sfumato.lab.report.text import decibels, escaped, name, plain, section
from sfumato.lab.trial import key_at
from sfumato.lab.tuning import chosen_setting, good
from sfumato.render.painting import LARGEST_ERROR, absolute_error, error_colors

LONGEST_SIDE = 4096
"""Longest side in pixels: screens show no more."""

FEWEST_BYTES_PER_PIXEL = 0.04
"""Fewest bytes per pixel of a lossy picture: fewer would blur it. Where there is less room, pictures are made smaller.
"""

QUALITIES = (92, 82, 70)

SMALLER = 0.8


@dataclass(frozen=True)
class WebPSettings:
    """Scale and quality of pictures: the same for all of a set, so that they can be compared."""

    scale: float
    quality: int | None
    """Quality of a lossy WebP; None: lossless."""


def room_for(count: int, size: tuple[int, int], budget: int) -> tuple[int, int]:
    """Return the (width, height) at which ``count`` pictures of ``size`` fit into ``budget`` characters, roughly."""
    width, height = size
    pixels = budget * 3 / 4 / FEWEST_BYTES_PER_PIXEL / max(count, 1)
    scale = min(1.0, LONGEST_SIDE / max(size), math.sqrt(pixels / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def fitted(pictures: Sequence[Image.Image], budget: int) -> tuple[list[str], WebPSettings]:
    """Return data URIs of at most ``budget`` characters together, and the first settings that fit."""
    if not pictures:
        return [], WebPSettings(1.0, None)
    for settings in _all_settings():
        if len(_uri(pictures[0], settings)) * len(pictures) > 2 * budget:
            continue
        found = _within((_uri(image, settings) for image in pictures), budget)
        if found is not None:
            return found, settings
    return [""] * len(pictures), WebPSettings(0.0, None)


def _all_settings() -> Iterator[WebPSettings]:
    yield WebPSettings(1.0, None)
    yield from (WebPSettings(1.0, quality) for quality in QUALITIES)
    for step in range(1, 24):
        yield WebPSettings(SMALLER**step, QUALITIES[-1])


def _within(uris: Iterable[str], budget: int) -> list[str] | None:
    found: list[str] = []
    for uri in uris:
        found.append(uri)
        budget -= len(uri)
        if budget < 0:
            return None
    return found


def _uri(image: Image.Image, settings: WebPSettings) -> str:
    if settings.scale < 1:
        size = (max(1, round(image.width * settings.scale)), max(1, round(image.height * settings.scale)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    if settings.quality is None:
        image.save(file, format="WEBP", lossless=True, exact=True, method=4)
    else:
        image.save(file, format="WEBP", quality=settings.quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def paintings_part(experiment: Experiment, budget: int) -> str:
    """Return the section, with pictures of at most ``budget`` characters."""
    plan = experiment.plan
    transfer = plan.arms[0].recipe.picture.transfer
    target = images.to_srgb(experiment.folder.picture(plan.verdict_pictures[0]), transfer)
    files = [(arm, painting_file(experiment, arm)) for arm in plan.arms]
    there = [(arm, file) for arm, file in files if file is not None]
    size = room_for(2 * len(there) + 1, (target.shape[1], target.shape[0]), budget)
    found = [_resized(images.as_image(target), size)]
    scales: list[tuple[Image.Image, Image.Image]] = [_pair(target, file, size) for _, file in there]
    found += [picture for pair in scales for picture in pair]
    uris, settings = fitted(found, budget)
    shown_size = (max(1, round(size[0] * settings.scale)), max(1, round(size[1] * settings.scale)))
    by_arm = {arm.name: (uris[1 + 2 * n], uris[2 + 2 * n]) for n, (arm, _) in enumerate(there)}
    small = ' class="coarse"' if max(target.shape[:2]) <= 64 else ""
    cards = [_target_card(uris[0], shown_size)] + [
        _card(experiment, arm, by_arm.get(arm.name), shown_size) for arm in plan.arms
    ]
    whole = (shown_size[1], shown_size[0]) == target.shape[:2]
    fidelity = "" if whole else f" Shown at {shown_size[0]} x {shown_size[1]} pixels, errors computed at full size."
    lead = (
        f"The last painting of {_of_which(plan)}, and under it the error map: the mean absolute error of each "
        f"pixel's channels, on the same scale for all.{fidelity} Click one to enlarge it."
    )
    return section("paintings", "Paintings", f'<div{small}><div class="grid">{"".join(cards)}</div></div>', lead=lead)


def painting_file(experiment: Experiment, arm: Arm) -> Path | None:
    """Return the file of the arm's first seed, or None where it was not saved."""
    plan = experiment.plan
    setting = chosen_setting(plan, experiment.rows, arm)
    if setting is None:
        return None
    key = key_at("verdict", arm.name, (plan.verdict_pictures[0], plan.seeds[0]), setting)
    file = experiment.folder.painting_file(key, plan.arms.index(arm))
    return file if file.exists() else None


def _of_which(plan: Plan) -> str:
    """Return which trainings are shown: the first seed, of several pictures the first."""
    picture = f" on {escaped(plan.picture_names[plan.verdict_pictures[0]])}" if plan.has_set else ""
    return f"seed {plan.seeds[0]}{picture}"


def opened(file: Path, channels: int) -> Image.Image | None:
    """Return the picture of that file in the target's mode, or None when it is damaged."""
    try:
        with Image.open(file) as image:
            return image.convert({1: "L", 3: "RGB", 4: "RGBA"}[channels])
    except (OSError, SyntaxError, Image.DecompressionBombError):
        # Pillow raises any of these for a damaged PNG.
        return None


def _pair(target: NDArray[np.float32], file: Path, size: tuple[int, int]) -> tuple[Image.Image, Image.Image]:
    height, width, channels = target.shape
    image = opened(file, channels)
    if image is None:
        blank = Image.new("RGB", size)
        return blank, blank
    if image.size != (width, height):
        image = image.resize((width, height))
    painting = (np.asarray(image, np.float32) / np.float32(255)).reshape(target.shape)
    errors = Image.fromarray(absolute_error(target, painting).astype(np.float32))
    # Average errors, not their colors: the color of a mean error is not the mean of colors.
    errors = errors if errors.size == size else errors.resize(size, Image.Resampling.BOX)
    return _resized(image, size), images.as_image(error_colors(np.asarray(errors)))


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _target_card(uri: str, size: tuple[int, int]) -> str:
    colors = images.to_uint8(error_colors(np.linspace(0, LARGEST_ERROR, 17)[None]))[0]
    stops = "".join(
        f'<stop offset="{100 * n // 16}%" stop-color="#{bytes(color).hex()}"/>' for n, color in enumerate(colors)
    )
    scale = (
        '<div class="scale"><svg role="img" aria-label="Scale of errors, from dark for none to light" height="12" '
        f'width="100%"><defs><linearGradient id="magma">{stops}</linearGradient></defs>'
        '<rect width="100%" height="12" fill="url(#magma)"/></svg>'
        f"<span>0</span><span>error</span><span>&ge; {LARGEST_ERROR:g}</span></div>"
    )
    picture = _picture(uri, "The picture", size)
    return f'<figure class="card target">{picture}{scale}<figcaption><b>The picture</b></figcaption></figure>'


def _card(experiment: Experiment, arm: Arm, uris: tuple[str, str] | None, size: tuple[int, int]) -> str:
    seed = experiment.plan.seeds[0]
    row = experiment.results(arm).get((experiment.plan.verdict_pictures[0], seed))
    if row is not None and good(row):
        score = f'<span class="score">{decibels(row["psnr"])} dB</span>'
    else:
        score = f'<span class="score">{"not trained yet" if row is None else escaped(row["status"])}</span>'
    caption = f"<figcaption><b>{name(arm)}</b> {score}</figcaption>"
    if uris is None or not uris[0]:
        why = "No painting was saved." if row is not None else "Not painted yet."
        return f'<figure class="card"><div class="none">{why}</div>{caption}</figure>'
    painting = _picture(uris[0], f"Painting by {name(arm)}, seed {seed}", size)
    errors = _picture(uris[1], f"Errors of {name(arm)}, seed {seed}", size)
    return f'<figure class="card">{painting}{errors}{caption}</figure>'


def _picture(uri: str, alt: str, size: tuple[int, int]) -> str:
    return (
        f'<button type="button" class="picture" aria-label="{alt}, enlarge">'
        f'<img src="{uri}" alt="{alt}" width="{size[0]}" height="{size[1]}"></button>'
    )


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
        f"Every arm with {_of_which(experiment.plan)}, each at its last mark before the selected point of training. "
        "<kbd>Space</kbd> plays, <kbd>←</kbd> <kbd>→</kbd> step."
    )
    return section("film", "Film", body, lead=lead)


def _frames(experiment: Experiment, number: int, arm: Arm) -> list[tuple[Any, dict[str, Any]]]:
    plan = experiment.plan
    setting = chosen_setting(plan, experiment.rows, arm)
    if setting is None:
        return []
    key = key_at("verdict", arm.name, (plan.verdict_pictures[0], plan.seeds[0]), setting)
    found: list[tuple[Any, dict[str, Any]]] = []
    for mark, point in enumerate(experiment.rows.get(key, {}).get("curve") or []):
        file = experiment.folder.frame_file(key, number, mark)
        image = opened(file, plan.picture["channels"]) if file.exists() else None
        if image is not None:
            gflop = None if arm.operations is None else point["samples"] * arm.operations / 1e9
            when = {"epoch": point["epoch"], "gflop": gflop, "seconds": point["seconds"], "psnr": point["psnr"]}
            found.append((image, when))
    return found
