"""Answers to the form: what can be asked for, what a recipe comes to, whether it will learn; and runs begun by it."""

from __future__ import annotations

import os
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import SfumatoError
from sfumato.recipe import Recipe
from sfumato.studio.form import checking, chosen, describing, fields, samples, wanted
from sfumato.studio.shared import aside, studio_of
from sfumato.studio.web import bodies
from sfumato.studio.web.answers import FOR_EVER, Answer, picture
from sfumato.studio.web.bodies import Check, NewRun, Race, Sent
from sfumato.studio.web.problems import Problem, field_of


async def show_form(request: Request) -> Response:
    """What can be asked for."""
    # The page that shows it makes a check by itself, and a run may follow.
    studio_of(request).children.expect()
    return Answer(await aside(fields.data))


async def sample(request: Request) -> Response:
    """The small picture of a sample."""
    name = request.path_params["name"]
    return picture(request, await aside(samples.webp, name), "image/webp", name, FOR_EVER)


async def describe(request: Request) -> Response:
    """What a recipe comes to."""
    asked = await bodies.of(request, NewRun)
    return Answer(await aside(describing.data, asked, studio_of(request).runs, asked.picture))


async def check(request: Request) -> Response:
    """Whether a recipe will learn."""
    studio = studio_of(request)
    asked = await bodies.of(request, Check)
    recipe = wanted.recipe(asked, asked.picture)
    await aside(wanted.checked_picture, recipe, studio.gallery)
    if asked.pressed:
        return Answer(await checking.asked_for(recipe, request, studio.children, studio.runs))
    return Answer(await checking.by_itself(recipe, request, studio.children, studio.runs))


async def start_run(request: Request) -> Response:
    """Queue a run."""
    studio = studio_of(request)
    asked = await bodies.of(request, NewRun)
    recipe = wanted.recipe(asked, asked.picture)
    await aside(wanted.checked_picture, recipe, studio.gallery)
    await aside(checking.check_room, recipe, studio.runs)
    await studio.children.refuse(recipe)
    return Answer({"name": (await studio.queue.start([recipe]))[0]}, 201)


async def start_race(request: Request) -> Response:
    """Queue several runs, among which the cores are divided."""
    studio = studio_of(request)
    asked = await bodies.of(request, Race)
    recipes: list[Recipe] = []
    for number, arm in enumerate(asked.arms):
        try:
            recipes.append(wanted.recipe(arm, arm.picture))
            await aside(wanted.checked_picture, recipes[-1], studio.gallery)
            await aside(checking.check_room, recipes[-1], studio.runs)
            await studio.children.refuse(recipes[-1])
        except (Problem, SfumatoError) as error:
            raise Problem(422, f"arm {number + 1}: {error}", f"arms.{number}.{field_of(str(error)) or ''}") from None
    return Answer({"names": await studio.queue.race(recipes)}, 201)


async def show_picture(request: Request) -> Response:
    """What a recipe's picture is."""
    return Answer(await aside(chosen.data, request.query_params.get("source", ""), studio_of(request).gallery))


async def small_picture(request: Request) -> Response:
    """Of one that was sent here."""
    source, studio = request.query_params.get("source", ""), studio_of(request)
    # A source is named by what is in it.
    version = sha256(os.fsencode(source)).hexdigest()
    return picture(request, await studio.small_pictures.webp(source), "image/webp", version, FOR_EVER)


async def send_picture(request: Request) -> Response:
    """Keep a picture."""
    return Answer(await studio_of(request).uploads.keep(request), 201)


async def list_pictures(request: Request) -> Response:
    """Those that were dropped here."""
    return Answer(await aside(studio_of(request).uploads.listed))


async def delete_picture(request: Request) -> Response:
    """Delete one."""
    asked = await bodies.of(request, Sent)
    await aside(studio_of(request).uploads.delete, asked.source)
    return Answer({"source": asked.source})


ROUTES = [
    Route("/api/form", show_form),
    Route("/api/samples/{name}.webp", sample),
    Route("/api/describe", describe, methods=["POST"]),
    Route("/api/check", check, methods=["POST"]),
    Route("/api/runs", start_run, methods=["POST"]),
    Route("/api/race", start_race, methods=["POST"]),
    Route("/api/picture", show_picture),
    Route("/api/picture.webp", small_picture),
    Route("/api/pictures", send_picture, methods=["POST"]),
    Route("/api/pictures", list_pictures),
    Route("/api/pictures/delete", delete_picture, methods=["POST"]),
]
