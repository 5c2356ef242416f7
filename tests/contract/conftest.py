"""A stand-in per module, emptied before each test; published schemas where GRIOT_SPECS names them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels.telegram import Telegram
from tests.standin import StandIn
from tests.standin.server import TOKEN

SECRET = "not-a-real-secret-0123456789abcdef"


@pytest.fixture(scope="module")
def standing() -> Iterator[StandIn]:
    """Return the module's stand-in."""
    with StandIn() as provider:
        yield provider


@pytest.fixture
def provider(standing: StandIn) -> StandIn:
    """Return an empty stand-in."""
    standing.clear()
    return standing


@pytest.fixture
def telegram(provider: StandIn) -> Iterator[Telegram]:
    """Return the channel, connected to the stand-in, with a short deadline."""
    channel = Telegram(TOKEN, [SECRET], provider.url, timeout=1.0)
    yield channel
    channel.close()


@pytest.fixture(scope="session")
def specs() -> Path:
    """Return the folder of published schemas, or skip."""
    folder = os.environ.get("GRIOT_SPECS", "")
    if not folder:
        pytest.skip("GRIOT_SPECS names no folder of published schemas")
    return Path(folder)


@pytest.fixture(scope="session")
def bot_api(specs: Path) -> dict[str, Any]:
    """Return the schema of the Bot API."""
    schema = json.loads((specs / "telegram_bot_api.schema.json").read_text("utf-8"))
    assert isinstance(schema, dict)
    return schema


@pytest.fixture(scope="session")
def samples(specs: Path) -> dict[str, dict[str, Any]]:
    """Return the sample updates by name."""
    found = json.loads((specs / "samples" / "telegram_updates.json").read_text("utf-8"))
    updates = found["updates"]
    assert isinstance(updates, dict)
    return updates
