"""Every transcript is played; `pytest --rewrite` writes down what the bot says now."""

from pathlib import Path

import pytest

from tests.conversations.script import play, read

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the databases of the transcripts."""
    return tmp_path_factory.mktemp("conversations")


@pytest.mark.parametrize("file", sorted(HERE.glob("*.txt")), ids=lambda file: file.stem)
def test_the_bot_says_what_the_transcript_says(
    file: Path, folder: Path, request: pytest.FixtureRequest
) -> None:
    """A transcript played again is the same text."""
    written = file.read_text(encoding="utf-8")
    played = play(read(written), folder)
    if request.config.getoption("--rewrite"):
        file.write_text(played, encoding="utf-8")
    else:
        assert played.splitlines() == written.splitlines()
