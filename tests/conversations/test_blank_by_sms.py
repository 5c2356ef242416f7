"""What the weekly update costs as a blank form by SMS."""

from pathlib import Path

import pytest

from channels.fitting import written
from channels.sms_text import folded, parts
from tests.conversations.stage import a_stage, a_store


@pytest.mark.parametrize(
    ("language", "city", "word", "count"),
    [
        ("en", "kampala", "report form", 4),
        ("fr", "niamey", "rapport formulaire", 5),
        ("pt", "matola", "relatorio formulario", 4),
        ("ar", "nouakchott", "تقرير نموذج", 9),
    ],
)
def test_the_blank_weekly_update_takes_few_parts(
    tmp_path: Path, language: str, city: str, word: str, count: int
) -> None:
    """As it leaves, with its first line; docs/chat.md names the figures."""
    store = a_store(tmp_path / "blank.db")
    try:
        phone = a_stage(store, city, language, channels=("sms",))
        phone.channel = "sms"
        (message,) = phone.says(word)
    finally:
        store.close()
    assert parts(folded(written(message))) == count
