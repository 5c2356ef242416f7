"""Who sees what: every page, every role, two cities."""

import pytest
from flask import Flask

from models.db import write
from models.demo import mark_demo
from tests.console_stage import MONDAY, Stage

EVERYBODY = ("admin", "officer", "viewer", "keeper", "aide", "team", "other", None)
ALL = frozenset({"admin", "officer", "viewer"})
OWN = {"keeper": "nordmark", "aide": "nordmark", "team": "nordmark", "other": "eastmere"}
PUBLIC = frozenset({"signin.how", "signin.door", "console.static"})  # pages that need nobody
DEMO = frozenset(
    {"simulator.first", "simulator.phone", "simulator.thread", "simulator.clock", "form_preview.show"}
)
NOTHING_YET = frozenset({"simulator.mail"})
CITIES = ("nordmark", "eastmere")
BAND = "people and reports are invented"


def path_of(rule: str, city: str, stage: Stage) -> str:
    """Return an address of this rule; what it names belongs to the city."""
    person = stage.people["keeper" if city == "nordmark" else "other"]
    parts = {
        "<slug>": city,
        "<int:person_id>": str(person),
        "<int(max=2147483647):id>": str(CITIES.index(city) + 1),
        "<token>": "unknown",
        "<path:filename>": "griot.css",
    }
    for part, value in parts.items():
        rule = rule.replace(part, value)
    assert "<" not in rule, "a route with a part that this test does not know"
    return rule


def expected(endpoint: str, who: str | None, city: str) -> int:
    """Return the status that the policy asks for."""
    if endpoint in PUBLIC | DEMO:
        return 410 if endpoint == "signin.door" else 200
    if endpoint in NOTHING_YET:
        return 404
    if who is None:
        return 303
    if endpoint == "cities.home":
        return 200 if who in ALL else 303
    if endpoint == "attention.show":
        return 200 if who in ALL else 404
    assert endpoint in {"cities.city", "media.file"}, "a route that the policy does not name"
    return 200 if who in ALL or OWN[who] == city else 404


def pages(app: Flask) -> list[tuple[str, str]]:
    rules = app.url_map.iter_rules()
    return [(rule.endpoint, rule.rule) for rule in rules if "GET" in (rule.methods or set())]


@pytest.mark.parametrize("who", EVERYBODY)
def test_every_page_for_every_role_and_two_cities(stage: Stage, who: str | None) -> None:
    """A new route fails here until the policy names it."""
    for city in CITIES:
        name = "keeper" if city == "nordmark" else "other"
        given = {"going": "stopped", "trouble": f"secret of {city}"}
        stage.report(name, city, reference=f"{city}-1", given=given)
        stage.attach(f"{city}-1", f"secret of {city}")
    app = stage.app()
    client = stage.signed_in(who, app) if who else app.test_client()
    assert len(pages(app)) >= 8
    for endpoint, rule in pages(app):
        for city in CITIES:
            with client.get(path_of(rule, city, stage)) as found:
                status, text = found.status_code, found.get_data(as_text=True)
            assert status == expected(endpoint, who, city), (endpoint, city)
            for other in CITIES:
                seen = f"secret of {other}" in text
                assert not seen or who in ALL or OWN[who or ""] == other


def test_somebody_of_one_city_goes_to_its_page(stage: Stage) -> None:
    page = stage.signed_in("other").get("/", follow_redirects=True)
    assert page.request.path == "/cities/eastmere"
    assert "/cities/nordmark" not in page.text


def test_an_unknown_city_and_a_foreign_one_look_the_same(stage: Stage) -> None:
    client = stage.signed_in("keeper")
    foreign, unknown = client.get("/cities/eastmere"), client.get("/cities/atlantis")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text == unknown.text


def test_the_simulator_is_there_only_in_a_demonstration(stage: Stage) -> None:
    client = stage.app(is_demo=False).test_client()
    assert client.get("/simulator").status_code == 404
    assert client.get(f"/simulator/{stage.people['keeper']}").status_code == 404
    assert "/simulator" not in client.get("/sign-in").text


@pytest.mark.parametrize("path", ["/", "/attention", "/cities/nordmark", "/nowhere"])
def test_pages_on_a_demonstration_say_so(stage: Stage, path: str) -> None:
    """With the simulator or without; error pages too, real databases never."""
    client = stage.signed_in("officer", stage.app(is_demo=False))
    assert BAND not in client.get(path).text
    assert BAND in stage.signed_in("officer").get(path).text
    write(stage.store, lambda db: mark_demo(db, MONDAY))
    assert BAND in client.get(path).text


@pytest.mark.parametrize(
    ("accepts", "language", "direction"),
    [
        pytest.param("ar-MA,fr;q=0.8", "ar", "rtl", id="arabic"),
        pytest.param("pt-BR", "pt", "ltr", id="portuguese"),
        pytest.param("sw,fr;q=0.5", "fr", "ltr", id="second wish"),
        pytest.param("sw", "en", "ltr", id="none of ours"),
    ],
)
def test_pages_speak_the_language_of_the_browser(
    stage: Stage, accepts: str, language: str, direction: str
) -> None:
    """Error pages too; who is signed in gets their own language."""
    headers = {"Accept-Language": accepts}
    client = stage.app().test_client()
    for path in ("/sign-in", "/simulator", "/sign-in/unknown", "/nowhere"):
        assert f'<html lang="{language}" dir="{direction}">' in client.get(path, headers=headers).text
    assert '<html lang="fr" dir="ltr">' in stage.signed_in("officer").get("/", headers=headers).text
    own = stage.signed_in("other").get("/cities/eastmere", headers=headers)
    assert '<html lang="ar" dir="rtl">' in own.text


def test_a_fault_of_ours_is_a_page_and_is_logged(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    client = stage.signed_in("officer")
    stage.at = MONDAY.replace(tzinfo=None)  # a clock without a zone: nothing can be read
    page = client.get("/")
    assert page.status_code == 500
    assert "on our side" in page.text
    assert "a time without a zone" in caplog.text
