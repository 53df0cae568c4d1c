"""Routes of the form: its fields, a recipe's description and health check, pictures, and the start of runs."""

from __future__ import annotations

import os
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.errors import SfumatoError
from sfumato.recipe import Recipe
from sfumato.studio.form import description, health_check, previews, requested_recipe
from sfumato.studio.state import in_thread, json_in_thread, studio_of
from sfumato.studio.web import request_bodies
from sfumato.studio.web.errors import Problem, field_of
from sfumato.studio.web.request_bodies import Check, DeletePicture, NewRun, Race
from sfumato.studio.web.responses import IMMUTABLE, SafeJSONResponse, picture


async def show_form(request: Request) -> Response:
    """Return the form's fields, presets, and sample pictures."""
    # The page of the form starts a check by itself, and a run may follow.
    studio_of(request).workers.keep_warm()
    return await json_in_thread(description.fields)


async def sample(request: Request) -> Response:
    """Return a sample's preview."""
    name = request.path_params["name"]
    return picture(request, await in_thread(previews.sample_preview, name), "image/webp", name, IMMUTABLE)


async def describe(request: Request) -> Response:
    """Describe a recipe."""
    body = await request_bodies.parse(request, NewRun)
    return await json_in_thread(description.description, body, studio_of(request).runs, body.picture)


async def check(request: Request) -> Response:
    """Run a health check."""
    studio = studio_of(request)
    body = await request_bodies.parse(request, Check)
    recipe = requested_recipe.recipe(body, body.picture)
    await in_thread(requested_recipe.run_with_picture, recipe, studio.gallery)
    if body.pressed:
        return SafeJSONResponse(await health_check.requested(recipe, request, studio.workers, studio.runs))
    return SafeJSONResponse(await health_check.automatic(recipe, request, studio.workers, studio.runs))


async def start_run(request: Request) -> Response:
    """Queue a run."""
    studio = studio_of(request)
    body = await request_bodies.parse(request, NewRun)
    recipe = requested_recipe.recipe(body, body.picture)
    await in_thread(requested_recipe.run_with_picture, recipe, studio.gallery)
    await in_thread(health_check.check_room, recipe, studio.runs)
    await studio.workers.require_trainable(recipe)
    return SafeJSONResponse({"name": (await studio.queue.start([recipe]))[0]}, 201)


async def start_race(request: Request) -> Response:
    """Queue several runs, and divide the cores among them."""
    studio = studio_of(request)
    body = await request_bodies.parse(request, Race)
    recipes: list[Recipe] = []
    for number, arm in enumerate(body.arms):
        try:
            recipes.append(requested_recipe.recipe(arm, arm.picture))
            await in_thread(requested_recipe.run_with_picture, recipes[-1], studio.gallery)
            await in_thread(health_check.check_room, recipes[-1], studio.runs)
            await studio.workers.require_trainable(recipes[-1])
        except (Problem, SfumatoError) as error:
            raise Problem(422, f"arm {number + 1}: {error}", f"arms.{number}.{field_of(str(error)) or ''}") from None
    return SafeJSONResponse({"names": await studio.queue.race(recipes)}, 201)


async def show_picture(request: Request) -> Response:
    """Return the size and preview of a recipe's picture."""
    source, gallery = request.query_params.get("source", ""), studio_of(request).gallery
    return await json_in_thread(previews.picture_data, source, gallery)


async def small_picture(request: Request) -> Response:
    """Return an uploaded picture's preview."""
    source, studio = request.query_params.get("source", ""), studio_of(request)
    # An uploaded picture's name comes from the hash of its content.
    version = sha256(os.fsencode(source)).hexdigest()
    return picture(request, await studio.upload_previews.webp(source), "image/webp", version, IMMUTABLE)


async def send_picture(request: Request) -> Response:
    """Store an uploaded picture."""
    return SafeJSONResponse(await studio_of(request).uploads.store(request), 201)


async def list_pictures(request: Request) -> Response:
    """List the uploaded pictures."""
    return await json_in_thread(studio_of(request).uploads.listing)


async def delete_picture(request: Request) -> Response:
    """Delete an uploaded picture."""
    body = await request_bodies.parse(request, DeletePicture)
    await in_thread(studio_of(request).uploads.delete, body.source)
    return SafeJSONResponse({"source": body.source})


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
