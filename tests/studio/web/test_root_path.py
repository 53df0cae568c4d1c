"""The studio under a path prefix: mounted in another application, or behind a proxy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

import sfumato as sf
from sfumato.errors import SfumatoError
from sfumato.studio.app import create
from sfumato.studio.web.guard import HEADER, Rules
from sfumato.studio.web.root_path import Public
from tests.studio.client import ADDRESS, TOKEN, client

PREFIX = "/lab/sfumato"
PUBLIC = Public.of(f"https://example.org{PREFIX}")


def ask(app: Starlette, address: str = ADDRESS) -> TestClient:
    return TestClient(app, base_url=address, headers={HEADER: TOKEN}, raise_server_exceptions=False)


@pytest.fixture
def mounted(trained: sf.Run) -> Iterator[TestClient]:
    """Return a client of a studio that is mounted in another application."""
    inner = create(trained.folder.parent, Rules(page_token=TOKEN), warm=False)
    with ask(Starlette(routes=[Mount(PREFIX, app=inner)])) as found:
        yield found
    inner.state.studio.end()


def test_all_urls_of_the_page_have_the_prefix(mounted: TestClient) -> None:
    page = mounted.get(f"{PREFIX}/runs/any")
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(addresses) > 10
    assert all(each.startswith((f"{PREFIX}/", "#")) for each in addresses)
    assert f'name="sfumato-prefix" content="{PREFIX}"' in page.text
    for each in addresses:
        if "/assets/" in each:
            assert mounted.get(each).status_code == 200
    assert mounted.get("/runs/any").status_code == 404


def test_responses_are_the_same_as_at_the_root(mounted: TestClient, over_trained: TestClient, trained: sf.Run) -> None:
    run = f"/api/runs/{trained.folder.name}"
    for path in ("/api/form", run, f"{run}/metrics", "/api/nothing", f"{run}/tiles/0/9/0.png"):
        prefixed, root = mounted.get(f"{PREFIX}{path}"), over_trained.get(path)
        assert (prefixed.status_code, prefixed.json()) == (root.status_code, root.json())
    assert mounted.post(f"{PREFIX}/api/describe", json={"changes": {}}).json()["valid"]


@pytest.mark.parametrize("path_prefix", ["", PREFIX])
@pytest.mark.parametrize("sends_header", [True, False])
def test_a_proxy_may_keep_or_remove_the_prefix(runs: Path, path_prefix: str, sends_header: bool) -> None:
    rules: dict[str, Any] = {} if sends_header else {"public": PUBLIC}
    headers = {"X-Forwarded-Prefix": PREFIX} if sends_header else {}
    with client(runs, **rules) as studio:
        for path in ("/", "/new", "/assets/core/app.js", "/api/form"):
            assert studio.get(path_prefix + path, headers=headers).status_code == 200
        assert f'href="{PREFIX}/new"' in studio.get(f"{path_prefix}/", headers=headers).text
        if path_prefix:
            assert studio.get(path_prefix, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/new/?preset=fast&a=%20b", "/runs/a%20~25/", "/runs/a/zoom/"])
def test_a_trailing_slash_redirects_without_a_host(mounted: TestClient, runs: Path, path: str) -> None:
    """Redirect to a path, because an absolute URL behind a TLS proxy would have http and no prefix."""
    wanted = path.replace("/?", "?").removesuffix("/")
    with client(runs, public=PUBLIC) as behind, client(runs) as root:
        answers = [
            (mounted.get(PREFIX + path, follow_redirects=False), PREFIX),
            (behind.get(path, follow_redirects=False), PREFIX),
            (behind.get(PREFIX + path, follow_redirects=False), PREFIX),
            (root.get(path, headers={"X-Forwarded-Prefix": "/lab"}, follow_redirects=False), "/lab"),
            (root.get(path, follow_redirects=False), ""),
        ]
        assert [(each.status_code, each.headers["location"]) for each, _ in answers] == [
            (307, at + wanted) for _, at in answers
        ]
        for elsewhere in ("//evil.example/", "//evil.example/new/", "/new//", "/api/form/"):
            assert root.get(f"{ADDRESS}{elsewhere}", follow_redirects=False).status_code == 404


@pytest.mark.parametrize(
    "prefix", ["//evil.example", "/a//b", "http://evil.example", '/"><script>', "/a b", "a", "/..", "/a/../b", "/%2f"]
)
def test_invalid_prefixes_are_ignored(studio: TestClient, prefix: str) -> None:
    page = studio.get("/", headers={"X-Forwarded-Prefix": prefix})
    assert page.status_code == 200
    assert 'href="/new"' in page.text


def test_a_token_is_required_behind_a_proxy(runs: Path) -> None:
    rules = Rules.of("127.0.0.1", 8011, runs, PUBLIC)
    assert rules.access
    app = create(runs, rules, warm=False)
    with ask(app, "https://example.org") as studio:
        assert studio.get("/api/runs").status_code == 401
        answer = studio.get(f"/new?token={rules.access}", follow_redirects=False)
        assert answer.headers["location"] == f"{PREFIX}/new"
        cookie = answer.headers["set-cookie"].lower()
        assert f"path={PREFIX};" in f"{cookie};"
        assert "secure" in cookie
        # The proxy may use the host name at which the studio listens.
        page = {"Origin": "https://example.org", HEADER: rules.page_token, "Host": "127.0.0.1:8011"}
        sent = {**page, "Cookie": f"{rules.cookie}={rules.access}"}
        assert studio.post("/api/describe", json={"changes": {}}, headers=sent).status_code == 200
        other = {**sent, "Origin": "https://evil.example"}
        assert studio.post("/api/describe", json={"changes": {}}, headers=other).status_code == 403


@pytest.mark.parametrize(
    "text",
    ["", "example.org", "ftp://a/b", "https://", "https://a/b?c", "https://u@a/", "https://a//b", "https://a:x/"],
)
def test_invalid_public_urls_are_refused(text: str) -> None:
    with pytest.raises(SfumatoError, match="^public must be the URL"):
        Public.of(text)
