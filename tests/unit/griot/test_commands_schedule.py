"""`griot schedule` shows what will be sent, in the words of the contract."""

import re

from tests.unit.griot.conftest import Griot

KEYS = [
    *("key", "kind", "person", "city", "form", "milestone", "channel"),
    *("due_at", "send_at", "local", "state", "reason"),
]
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
A_COORDINATOR = ("person", "add", "--name", "Awa Exemple", "--role", "coordinator", "--city", "niamey")


def test_what_is_planned_and_what_is_held(aston: Griot) -> None:
    """Without a channel that is on everything is held, and says so; times are UTC, `local` the city's."""
    aston.json(*A_COORDINATOR, "--language", "fr", "--telegram", "40000001", "--consent", "on paper")
    found = aston.json("schedule", "--days", "14")
    assert {each["kind"] for each in found} >= {"prompt", "nudge", "last_call"}
    for each in found:
        assert list(each) == KEYS
        assert UTC_TIME.fullmatch(each["due_at"])
        assert UTC_TIME.fullmatch(each["send_at"])
        assert LOCAL.fullmatch(each["local"])
        assert (each["state"], each["channel"]) == ("held", None)
        assert each["reason"]


def test_a_schedule_without_people_is_empty(aston: Griot) -> None:
    assert aston.json("schedule") == []


def test_before_the_first_load(griot: Griot) -> None:
    assert "griot programme load" in griot.refused("schedule")
