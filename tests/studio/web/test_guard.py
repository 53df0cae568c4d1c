"""Who may ask the studio for what."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sfumato.studio.web.guard import COOKIE, HEADER, LOCAL, Rules
from tests.studio.client import TOKEN, client

MEANT = {"names": ["nothing"]}


@pytest.mark.parametrize("host", ["127.0.0.1:8011", "localhost:8011", "[::1]:8011", "localhost", "LOCALHOST:9000"])
def test_its_own_names_are_known(studio: TestClient, host: str) -> None:
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
def test_a_name_that_was_pointed_here_is_refused(studio: TestClient, host: str) -> None:
    for path in ("/", "/api/runs", "/assets/core/app.js"):
        answer = studio.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "runs" not in answer.json()


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1"])
def test_other_pages_are_refused(studio: TestClient, origin: str) -> None:
    assert studio.post("/api/runs/delete", json=MEANT, headers={"Origin": origin}).status_code == 403
    assert studio.get("/api/runs", headers={"Origin": origin}).status_code == 403


def test_its_own_page_is_not(studio: TestClient) -> None:
    answer = studio.post("/api/runs/delete", json=MEANT, headers={"Origin": "http://127.0.0.1:8011"})
    assert answer.status_code == 200


def test_what_a_browser_says_of_other_sites_counts(studio: TestClient) -> None:
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
            assert studio.post(path, json=MEANT, headers=headers).status_code == 403


def test_the_page_holds_the_token(studio: TestClient) -> None:
    for path in ("/", "/new", "/runs/any", "/runs/any/layers", "/race", "/experiments"):
        answer = studio.get(path)
        assert f'content="{TOKEN}"' in answer.text
        assert answer.headers["cache-control"] == "no-store"


def test_tokens_are_not_guessed() -> None:
    assert len({Rules().page_token for _ in range(20)}) == 20
    assert len(Rules().page_token) >= 32


def test_every_answer_has_the_headers(studio: TestClient) -> None:
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
def test_at_home_nobody_is_asked(host: str) -> None:
    assert Rules.of(host).access is None


class TestElsewhere:
    @pytest.fixture
    def away(self, runs: Path) -> TestClient:
        return client(runs, host="0.0.0.0", access="come-in", address="http://192.168.0.7:8011")

    def test_others_are_asked_for_a_token(self, away: TestClient) -> None:
        assert Rules.of("0.0.0.0").access
        for path in ("/", "/api/runs", "/assets/core/app.js", "/?token=guess", "/?token="):
            assert away.get(path).status_code == 401

    def test_the_address_with_it_sets_a_cookie(self, away: TestClient) -> None:
        answer = away.get("/new?token=come-in&model.depth=6", follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/new?model.depth=6"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert away.get("/api/runs").status_code == 200

    def test_the_address_leads_nowhere_else(self, away: TestClient) -> None:
        answer = away.get("http://192.168.0.7:8011//evil.example/?token=come-in", follow_redirects=False)
        assert answer.headers["location"] == "/evil.example/"

    def test_a_wrong_cookie_does_not_do(self, away: TestClient) -> None:
        for cookie in (f"{COOKIE}=guess", f"{COOKIE}=", "other=come-in", "\x01=;"):
            assert away.get("/api/runs", headers={"Cookie": cookie}).status_code == 401

    def test_a_name_that_was_pointed_there_is_refused(self, away: TestClient) -> None:
        headers = {"Host": "evil.example:8011", "Cookie": f"{COOKIE}=come-in"}
        assert away.get("/api/runs", headers=headers).status_code == 403
