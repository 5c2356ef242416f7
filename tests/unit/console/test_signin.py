"""A sign-in address works once and for ten minutes; sessions end when they should."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from models.db import write
from models.person import Person, PersonState, Role
from tests.console_stage import Stage, press


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/").status_code == 200


def test_looking_burns_nothing(stage: Stage) -> None:
    """Link previews and scanners may load the page; only the button signs in."""
    path = stage.sign_in_path("officer")
    client = stage.app().test_client()
    for _ in range(3):
        page = client.get(path)
        assert page.status_code == 200
        assert page.text.count("<button") == 1
    client.head(path)
    assert not is_signed_in(client)
    signed = press(client, path)
    assert (signed.status_code, signed.location) == (303, "/")
    assert is_signed_in(client)


def test_an_address_works_once(stage: Stage) -> None:
    path = stage.sign_in_path("officer")
    app = stage.app()
    press(app.test_client(), path)
    second = app.test_client()
    assert second.get(path).status_code == 410
    again = press(second, "/simulator", path)
    assert again.status_code == 410
    assert "works once" in again.text
    assert not is_signed_in(second)


def test_an_address_works_ten_minutes(stage: Stage) -> None:
    path = stage.sign_in_path("officer")
    client = stage.app().test_client()
    stage.wait(minutes=9, seconds=59)
    assert client.get(path).status_code == 200
    stage.wait(seconds=1)
    assert client.get(path).status_code == 410
    assert press(client, "/simulator", path).status_code == 410
    assert not is_signed_in(client)


@pytest.mark.parametrize("token", ["unknown", "", "%00", "é" * 40, "x" * 5000])
def test_a_wrong_address_opens_nothing(stage: Stage, token: str) -> None:
    assert stage.app().test_client().get(f"/sign-in/{token}").status_code in {404, 410}


def test_an_erased_person_is_not_let_in(stage: Stage) -> None:
    path = stage.sign_in_path("officer")
    erase = update(Person).where(Person.id == stage.people["officer"]).values(state=PersonState.ERASED)
    write(stage.store, lambda db: db.execute(erase))
    assert press(stage.app().test_client(), "/simulator", path).status_code == 410


def test_the_session_gets_a_new_id(stage: Stage) -> None:
    """What a browser held before signing in is worth nothing after."""
    client = stage.app().test_client()
    path = stage.sign_in_path("officer")
    client.get(path)
    before = client.get_cookie("griot")
    press(client, path)
    after = client.get_cookie("griot")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    old = stage.app().test_client()
    old.set_cookie("griot", before.value)
    assert not is_signed_in(old)


def test_an_idle_session_ends_after_half_an_hour(stage: Stage) -> None:
    client = stage.signed_in("officer")
    for _ in range(4):
        stage.wait(minutes=29)
        assert is_signed_in(client)
    stage.wait(minutes=31)
    assert not is_signed_in(client)


def test_a_session_ends_after_twelve_hours(stage: Stage) -> None:
    client = stage.signed_in("officer")
    for _ in range(35):
        stage.wait(minutes=20)
        assert is_signed_in(client)
    stage.wait(minutes=20)
    assert not is_signed_in(client)


def test_a_session_ends_with_the_role(stage: Stage) -> None:
    client = stage.signed_in("officer")
    change = update(Person).where(Person.id == stage.people["officer"]).values(role=Role.VIEWER)
    write(stage.store, lambda db: db.execute(change))
    assert not is_signed_in(client)
    assert is_signed_in(stage.signed_in("officer"))


def test_signing_out_ends_the_session_everywhere(stage: Stage) -> None:
    """A copy of the cookie is worth nothing after the sign-out."""
    client = stage.signed_in("officer")
    cookie = client.get_cookie("griot")
    assert cookie is not None
    assert press(client, "/", "/sign-out").location == "/sign-in"
    copy = stage.app().test_client()
    copy.set_cookie("griot", cookie.value)
    assert not is_signed_in(copy)
    assert not is_signed_in(client)


def test_the_page_without_an_address_tells_how_to_get_one(stage: Stage) -> None:
    page = stage.app(is_demo=False).test_client().get("/sign-in")
    assert "griot person login-link" in page.text
    assert "/simulator" not in page.text
