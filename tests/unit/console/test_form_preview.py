"""The page on which a form is looked at before it is published."""

import io
import re

from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, stream_encode_multipart

from models.db import read
from models.form import current_forms
from tests.console_stage import Stage, token_in
from tests.programmes import ASTON
from tests.xlsform import survey

PAGE = "/simulator/form"
MEETING = (ASTON / "forms" / "lag_meeting.md").read_bytes()


def look(client: FlaskClient, file: bytes, name: str = "form.md") -> TestResponse:
    """Send a form as the page's own form does."""
    data = {"csrf_token": token_in(client.get(PAGE)), "form": FileStorage(io.BytesIO(file), name)}
    body, length, boundary = stream_encode_multipart(data, threshold=1 << 26)  # no temporary file
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post(PAGE, input_stream=body, content_length=length, content_type=kind)


def test_every_language_and_channel_is_shown(stage: Stage) -> None:
    page = look(stage.app().test_client(), MEETING).text
    assert re.findall(r'class="looks" data-language="(\w+)"', page) == ["en", "fr", "pt", "ar"]
    assert re.findall(r'data-channel="(\w+)"', page) == ["telegram", "whatsapp", "sms"] * 4
    assert page.count("1/9 Date de la réunion") == 3
    assert 'lang="ar" dir="rtl"' in page


def test_nothing_is_stored(stage: Stage) -> None:
    client = stage.app().test_client()
    before = read(stage.store, lambda db: [(one.name, one.version) for one in current_forms(db)])
    look(client, survey("text | only_here | Only here?").encode())
    assert read(stage.store, lambda db: [(one.name, one.version) for one in current_forms(db)]) == before
    assert stage.kept == []


def test_everything_wrong_is_listed(stage: Stage) -> None:
    """Place, fault and mend, one row a fault."""
    answer = look(stage.app().test_client(), survey("unheard | a | A", "integer | a b | B").encode())
    assert answer.status_code == 422
    assert len(re.findall(r'<th scope="row" dir="auto">survey', answer.text)) == 2


def test_no_file_is_said(stage: Stage) -> None:
    client = stage.app().test_client()
    answer = client.post(PAGE, data={"csrf_token": token_in(client.get(PAGE))})
    assert answer.status_code == 422
    assert "Please choose a form first." in answer.text


def test_markup_in_a_form_is_text(stage: Stage) -> None:
    page = look(stage.app().test_client(), survey("text | q | <script>alert(1)</script>").encode()).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_form_larger_than_other_bodies_is_refused_with_the_reason(stage: Stage) -> None:
    """Two MiB are a form's limit, not the one MiB of a page's own forms."""
    client = stage.app().test_client()
    assert look(client, b"x" * ((1 << 20) + 5), "form.xlsx").status_code == 422
    assert "2097152" in look(client, b"x" * ((2 << 20) + 5), "form.xlsx").text
    assert look(client, b"x" * (9 << 20), "form.xlsx").status_code == 413


def test_a_change_from_elsewhere_is_refused(stage: Stage) -> None:
    client = stage.app().test_client()
    assert client.post(PAGE, data={"form": (io.BytesIO(MEETING), "form.md")}).status_code == 400


def test_there_is_no_such_page_without_a_demonstration(stage: Stage) -> None:
    assert stage.app(is_demo=False).test_client().get(PAGE).status_code == 404
