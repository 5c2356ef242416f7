"""What an unchanged week asks of a coordinator."""

from pathlib import Path

import pytest

from tests.conversations.script import play, read

HERE = Path(__file__).parent
MOST = 6  # messages from the prompt to the receipt


@pytest.mark.parametrize("language", ["english", "french", "portuguese", "arabic"])
def test_an_unchanged_week_takes_six_messages(language: str, tmp_path: Path) -> None:
    """The receipt comes after the sixth at the latest, and the report holds what last week's did."""
    transcript = read((HERE / f"an-unchanged-week-in-{language}.txt").read_text(encoding="utf-8"))
    played = play(transcript, tmp_path)
    week = played[played.index("schedule> prompt") :]
    until_receipt = week[: week.index("-2026-W48-1")]
    assert sum(line.startswith("coordinator") for line in until_receipt.splitlines()) <= MOST
    before, now = (part.splitlines()[1:] for part in week.partition("stored> ")[2].split("stored> "))
    changed = {a.split("=")[0].strip() for a, b in zip(before, now, strict=True) if a != b}
    assert changed == {"main_activity"}
