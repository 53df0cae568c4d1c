"""Access control."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sfumato.studio.web.guard import COOKIE, HEADER, LOCAL, Rules
from tests.studio.client import TOKEN, client

BODY = {"names": ["nothing"]}


@pytest.mark.parametrize("host", ["127.0.0.1:8011", "localhost:8011", "[::1]:8011", "localhost", "LOCALHOST:9000"])
def test_own_host_names_are_accepted(studio: TestClient, host: str) -> None:
    assert studio.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8011",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.168.0.7:8011",
        "evil.example@127.0.0.1:8011",
        "127.0.0.1/evil.example",
        "127.0.0.1#evil.example",
        "[",
        "",
    ],
)
def test_foreign_host_names_are_refused(studio: TestClient, host: str) -> None:
    for path in ("/", "/api/runs", "/assets/core/app.js"):
        answer = studio.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "runs" not in answer.json()


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1"])
def test_other_origins_are_refused(studio: TestClient, origin: str) -> None:
    assert studio.post("/api/runs/delete", json=BODY, headers={"Origin": origin}).status_code == 403
    assert studio.get("/api/runs", headers={"Origin": origin}).status_code == 403


def test_its_own_origin_is_accepted(studio: TestClient) -> None:
    answer = studio.post("/api/runs/delete", json=BODY, headers={"Origin": "http://127.0.0.1:8011"})
    assert answer.status_code == 200


def test_cross_site_requests_are_refused(studio: TestClient) -> None:
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert studio.get("/api/runs", headers=image).status_code == 403
    framed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    assert studio.get("/", headers=framed).status_code == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert studio.get("/new?model.depth=6", headers=link).status_code == 200


@pytest.mark.parametrize("token", [None, "", "another", TOKEN + "x", TOKEN[:-1], "é"])
def test_a_post_needs_the_page_s_token(runs: Path, token: str | None) -> None:
    (runs / "kept").mkdir()
    with client(runs, token=None) as studio:
        for path in (
            "/api/runs",
            "/api/runs/delete",
            "/api/describe",
            "/api/pictures",
            "/api/runs/kept/stop",
            "/api/race",
        ):
            headers = [] if token is None else [(HEADER.encode(), token.encode())]
            assert studio.post(path, json=BODY, headers=headers).status_code == 403


def test_the_page_contains_the_token(studio: TestClient) -> None:
    for path in ("/", "/new", "/runs/any", "/runs/any/layers", "/race", "/experiments"):
        answer = studio.get(path)
        assert f'content="{TOKEN}"' in answer.text
        assert answer.headers["cache-control"] == "no-store"


def test_tokens_are_random() -> None:
    assert len({Rules().page_token for _ in range(20)}) == 20
    assert len(Rules().page_token) >= 32


def test_every_response_has_security_headers(studio: TestClient) -> None:
    for path in ("/", "/api/runs", "/api/runs/nothing", "/nowhere", "/assets/none.js"):
        headers = studio.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("host", LOCAL)
def test_a_local_studio_needs_no_token(host: str) -> None:
    assert Rules.of(host).access is None


class TestRemoteAccess:
    @pytest.fixture
    def remote(self, runs: Path) -> TestClient:
        return client(runs, host="0.0.0.0", access="come-in", address="http://192.168.0.7:8011")

    def test_a_token_is_required(self, remote: TestClient) -> None:
        assert Rules.of("0.0.0.0").access
        for path in ("/", "/api/runs", "/assets/core/app.js", "/?token=guess", "/?token="):
            assert remote.get(path).status_code == 401

    def test_the_url_with_the_token_sets_a_cookie(self, remote: TestClient) -> None:
        answer = remote.get("/new?token=come-in&model.depth=6", follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/new?model.depth=6"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert remote.get("/api/runs").status_code == 200

    def test_the_redirect_stays_on_the_host(self, remote: TestClient) -> None:
        answer = remote.get("http://192.168.0.7:8011//evil.example/?token=come-in", follow_redirects=False)
        assert answer.headers["location"] == "/evil.example/"

    @pytest.mark.parametrize(
        "before", ["a b=c", "x[1]=2", "é=é", '{"json": 1}', "=", ";;", "\x01=", 'q="unclosed', "$Version=1"]
    )
    def test_malformed_cookies_are_skipped(self, remote: TestClient, before: str) -> None:
        value = f"{before}; {COOKIE}=come-in".encode("latin-1")
        assert remote.get("/api/runs", headers=[(b"Cookie", value)]).status_code == 200  # pyright: ignore[reportArgumentType]

    def test_a_person_can_enter_the_token(self, remote: TestClient) -> None:
        asked = remote.get("/new?model.depth=6&arm=%22%3E%3Cscript%3E", headers={"Accept": "text/html"})
        assert asked.status_code == 401
        assert '<input type="hidden" name="model.depth" value="6">' in asked.text
        assert "<script>" not in asked.text
        assert "form-action 'self'" in asked.headers["content-security-policy"]
        wrong = remote.get("/new?token=guess", headers={"Accept": "text/html"})
        assert (wrong.status_code, "is not the token" in wrong.text) == (401, True)
        assert "come-in" not in wrong.text
        # The form sends it like this.
        entered = remote.get(
            "/new?model.depth=6&token=come-in", headers={"Accept": "text/html"}, follow_redirects=False
        )
        assert entered.headers["location"] == "/new?model.depth=6"

    def test_a_cross_site_link_is_the_only_cross_site_request(self, remote: TestClient) -> None:
        cookie = {"Cookie": f"{COOKIE}=come-in", HEADER: TOKEN}
        link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        assert remote.get("/new?model.depth=6", headers={**cookie, **link}).status_code == 200
        for mode in ("navigate", "cors", "no-cors"):
            other = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": "empty"}
            assert remote.post("/api/runs/delete", json=BODY, headers={**cookie, **other}).status_code == 403
            assert remote.get("/api/runs", headers={**cookie, **other}).status_code == 403
        evil = {**cookie, "Origin": "http://evil.example"}
        assert remote.post("/api/runs/delete", json=BODY, headers=evil).status_code == 403
        without = {"Cookie": f"{COOKIE}=come-in", HEADER: "another"}
        assert remote.post("/api/runs/delete", json=BODY, headers=without).status_code == 403

    def test_a_wrong_cookie_is_refused(self, remote: TestClient) -> None:
        for cookie in (f"{COOKIE}=guess", f"{COOKIE}=", "other=come-in", "\x01=;"):
            assert remote.get("/api/runs", headers={"Cookie": cookie}).status_code == 401

    def test_foreign_host_names_are_refused(self, remote: TestClient) -> None:
        headers = {"Host": "evil.example:8011", "Cookie": f"{COOKIE}=come-in"}
        assert remote.get("/api/runs", headers=headers).status_code == 403


def test_studios_on_one_host_have_different_cookies(runs: Path) -> None:
    found = {Rules.of("0.0.0.0", port, folder).cookie for port in (8011, 8012) for folder in (runs, runs.parent)}
    assert len(found) == 4
    assert Rules.of("0.0.0.0", 8011, runs).cookie in found
