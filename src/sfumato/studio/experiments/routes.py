"""Experiments next to the runs, and their reports, which are pages of their own; their routes."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sfumato.runs.entry import printable
from sfumato.studio.inspector.networks import Networks
from sfumato.studio.state import in_thread, studio_of
from sfumato.studio.web import run_paths
from sfumato.studio.web.errors import Problem
from sfumato.studio.web.responses import REVALIDATE, SafeJSONResponse, StreamedFile

PLAN, TRIALS, REPORT = "plan.json", "trials.jsonl", "report.html"
"""File names of the lab, repeated here because importing the lab would be slow."""

POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; media-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""The Content-Security-Policy of a report, whose scripts run in a sandbox without an origin, and can reach nothing."""


async def summaries(request: Request, root: Path, networks: Networks) -> list[dict[str, Any]]:
    """Return ``{name, shown, report, title, question, finished, verdict, ...}`` of each, the latest first."""
    found: list[tuple[int, dict[str, Any]]] = []
    for folder in await in_thread(_folders, root):
        modified = [_modified_ns(folder / name) for name in (PLAN, TRIALS)]
        order = {"what": "experiment", "folder": str(folder)}
        try:
            about = json.loads(await networks.reply(request, order, modified))
        except Problem as problem:
            if problem.status != 409:
                raise
            about = {"title": printable(folder.name), "finished": False, "verdict": [], "problem": str(problem)}
        report = _modified_ns(folder / REPORT) > 0
        name_values = {"name": run_paths.encode(folder.name), "shown": printable(folder.name)}
        found.append((max(modified), {**name_values, "report": report, **about}))
    return [each for _, each in sorted(found, key=lambda pair: -pair[0])]


def report(root: Path, name: str) -> Response:
    """Return the page that `sfumato report` writes, read as it is sent. Raise Problem if there is none."""
    folder = run_paths.path_in(root, name)
    if folder is None or folder.is_symlink() or not folder.is_dir():
        raise Problem(404, "There is no experiment of that name.")
    try:
        path = run_paths.file(folder, REPORT)
    except Problem:
        raise Problem(404, "This experiment has no report yet.") from None
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": REVALIDATE}
    return StreamedFile(path, media_type="text/html; charset=utf-8", headers=headers)


def _folders(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as found:
            folders = [
                root / each.name
                for each in found
                if run_paths.is_valid(each.name) and each.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []
    return [folder for folder in folders if _modified_ns(folder / PLAN)]


def _modified_ns(path: Path) -> int:
    """Return when a regular file was written, in nanoseconds; 0 if there is none."""
    try:
        about = path.lstat()
    except OSError:
        return 0
    return about.st_mtime_ns if stat.S_ISREG(about.st_mode) else 0


async def list_experiments(request: Request) -> Response:
    """List the experiments."""
    studio = studio_of(request)
    return SafeJSONResponse(await summaries(request, studio.experiments, studio.networks))


async def show_report(request: Request) -> Response:
    """Return an experiment's report."""
    return await in_thread(report, studio_of(request).experiments, request.path_params["name"])


ROUTES = [
    Route("/api/experiments", list_experiments),
    Route("/experiments/{name}/report", show_report),
]
