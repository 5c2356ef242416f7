"""What keeps other sites out: headers, cookies, the CSRF token and the origin of each change."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.console_stage import HTTPS, LOOPBACK, Stage, press, token_in, whole_app

PATHS = ["/sign-in", "/sign-in/unknown", "/simulator", "/static/griot.css", "/nowhere"]


def cookie_of(page: TestResponse) -> str:
    return page.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_headers(stage: Stage, path: str) -> None:
    """No inline script or style, no framing, no sniffing, no referrer; HSTS only where there is https."""
    for base_url in (HTTPS, LOOPBACK):
        with stage.app(base_url).test_client().get(path) as answer:
            headers = answer.headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert ("Strict-Transport-Security" in headers) == (base_url == HTTPS)
        assert ("no-store" in headers["Cache-Control"]) == (not path.startswith("/static"))


def test_pages_hold_no_inline_script_style_or_foreign_address(stage: Stage) -> None:
    stage.report("keeper", "nordmark", reference="NOR-2026-W38-1", given={"going": "well"})
    client = stage.signed_in("officer")
    for path in ("/", "/cities/nordmark", "/sign-in", "/simulator", "/nowhere"):
        page = client.get(path).text
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert "onclick" not in page
        assert "//" not in page.replace("http://www.w3.org/2000/svg", "")


def test_cookie_is_bound_to_the_host_on_https(stage: Stage) -> None:
    cookie = cookie_of(stage.app(HTTPS).test_client().get(stage.sign_in_path("officer"), base_url=HTTPS))
    assert cookie.startswith("__Host-griot=")
    for rule in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert rule in cookie
    assert "Domain" not in cookie


def test_cookie_works_without_https_on_loopback(stage: Stage) -> None:
    cookie = cookie_of(stage.app(LOOPBACK).test_client().get(stage.sign_in_path("officer")))
    assert cookie.startswith("griot=")
    assert "Secure" not in cookie
    assert "HttpOnly" in cookie


def posts(stage: Stage) -> list[str]:
    """Return every address that takes a POST."""
    rules = [rule for rule in stage.app().url_map.iter_rules() if "POST" in (rule.methods or set())]
    holder = str(stage.people["keeper"])
    parts = {"<int:person_id>": holder, "<int(max=2147483647):row_id>": "1", "<token>": "unknown"}
    return [re.sub("<[^>]+>", lambda part: parts[part[0]], rule.rule) for rule in rules]


def test_no_change_without_the_token(stage: Stage) -> None:
    """Every POST of the console asks for the hidden `csrf_token`; a wrong one is as good as none."""
    client = stage.signed_in("officer")
    assert len(posts(stage)) >= 4
    for path in posts(stage):
        assert client.post(path, data={"text": "hello"}).status_code == 400
        refused = client.post(path, data={"text": "hello", "csrf_token": "guessed"})
        assert refused.status_code == 400
        assert 'lang="fr"' in refused.text
    assert stage.kept == []


def test_token_of_another_browser_is_refused(stage: Stage) -> None:
    app = stage.app()
    mine, theirs = app.test_client(), app.test_client()
    mine.get("/simulator")
    token = token_in(theirs.get("/simulator"))
    path = f"/simulator/{stage.people['keeper']}"
    assert mine.post(path, data={"csrf_token": token, "text": "hello"}).status_code == 400


@pytest.mark.parametrize(
    ("base_url", "headers", "status"),
    [
        pytest.param(HTTPS, {}, 410, id="no page"),
        pytest.param(HTTPS, {"Origin": HTTPS}, 410, id="ours"),
        pytest.param(HTTPS, {"Origin": "https://evil.example"}, 403, id="another site"),
        pytest.param(HTTPS, {"Origin": "http://griot.example"}, 403, id="without https"),
        pytest.param(HTTPS, {"Origin": "https://griot.example.evil.example"}, 403, id="longer name"),
        pytest.param(HTTPS, {"Origin": "null"}, 403, id="hidden origin"),
        pytest.param(HTTPS, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 410, id="hidden, ours"),
        pytest.param(HTTPS, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403, id="hidden, another"),
        pytest.param(LOOPBACK, {"Origin": LOOPBACK}, 410, id="loopback"),
        pytest.param(LOOPBACK, {"Origin": "http://localhost"}, 410, id="loopback by name"),
        pytest.param(LOOPBACK, {"Origin": "http://evil.example"}, 403, id="loopback, another site"),
    ],
)
def test_only_our_own_pages_change_something(
    stage: Stage, base_url: str, headers: dict[str, str], status: int
) -> None:
    """The origin is checked before the token is."""
    client: FlaskClient = stage.app(base_url).test_client()
    host = base_url if base_url == HTTPS else "http://localhost"
    token = token_in(client.get("/simulator", base_url=host))
    found = client.post("/sign-in/unknown", base_url=host, headers=headers, data={"csrf_token": token})
    assert found.status_code == status


def test_a_large_form_is_refused(stage: Stage) -> None:
    client = stage.app().test_client()
    path, action = f"/simulator/{stage.people['keeper']}", "/simulator/clock"
    assert press(client, path, action, to="x" * (1 << 20)).status_code == 413


def test_programs_need_no_token_and_get_no_page(stage: Stage) -> None:
    """Webhooks and health prove themselves otherwise: no CSRF, no origin, no cookie, no HTML."""
    client = whole_app(stage, HTTPS).test_client()
    posted = client.post("/webhooks/chat", data=b"{}", headers={"Origin": "https://evil.example"})
    assert (posted.status_code, posted.text) == (403, "not from the provider\n")
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert answer.is_json
        assert cookie_of(answer) == ""
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
