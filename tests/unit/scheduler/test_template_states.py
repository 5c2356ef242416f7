"""The job that asks how templates stand: daily, outside any transaction, stored once it is told."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.templates import TemplateState
from channels.base import Failure, SendError
from models.db import Store, open_store, read, write
from models.template import known
from scheduler.job import Job
from scheduler.jobs.template_states import template_states

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
APPROVED = TemplateState("griot_prompt_fr_v1", "prompt", "fr", 1, "HX1", "approved")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """Yield a database with every table."""
    opened = open_store(database)
    yield opened
    opened.close()


class Provider:
    """Somebody to ask; answers once `may_answer` is set."""

    def __init__(self, *states: TemplateState) -> None:
        self.states = states
        self.asked = 0
        self.may_answer = threading.Event()

    def __call__(self) -> tuple[TemplateState, ...]:
        self.asked += 1
        assert self.may_answer.wait(10)
        if not self.states:
            raise SendError(Failure.UNKNOWN, "no answer in time")
        return self.states


def run(store: Store, job: Job, at: datetime = AT) -> int:
    return write(store, lambda db: job.run(db, at))


def until(condition: Callable[[], bool]) -> None:
    """Return when it holds; fail after ten seconds."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.005)


def test_the_answer_is_stored_when_it_comes(store: Store) -> None:
    provider = Provider(APPROVED)
    job = template_states(provider)
    assert [run(store, job), run(store, job)] == [0, 0]
    assert read(store, known) == []
    provider.may_answer.set()
    until(lambda: run(store, job) == 1)
    assert run(store, job) == 0
    assert read(store, known) == [APPROVED]
    assert provider.asked == 1


def test_it_asks_once_a_day(store: Store) -> None:
    provider = Provider(APPROVED)
    provider.may_answer.set()
    job = template_states(provider)
    until(lambda: run(store, job) == 1)
    for hours, asked in ((0, 1), (23, 1), (24, 2)):
        run(store, job, AT + timedelta(hours=hours))
        until(lambda asked=asked: provider.asked == asked)  # type: ignore[misc]


def test_it_asks_again_an_hour_after_a_failure(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    provider = Provider()
    provider.may_answer.set()
    job = template_states(provider)
    run(store, job)
    until(lambda: "could not be looked at" in caplog.text and run(store, job) == 0)
    provider.states = (APPROVED,)
    until(lambda: run(store, job, AT + timedelta(minutes=59)) == 0 and provider.asked == 1)
    until(lambda: run(store, job, AT + timedelta(hours=2)) == 1)
    assert read(store, known) == [APPROVED]


def test_an_answer_outlives_a_transaction_that_did_not(store: Store) -> None:
    """A transaction may be repeated, or fail: the answer is stored by the next one."""
    provider = Provider(APPROVED)
    provider.may_answer.set()
    job = template_states(provider)

    def fails() -> bool:
        with store.writers() as db:
            stored = job.run(db, AT)
            db.rollback()
        return stored == 1

    until(fails)
    assert read(store, known) == []
    assert run(store, job) == 1
    assert read(store, known) == [APPROVED]


def test_a_template_that_falls_is_told_in_the_log(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    provider = Provider(TemplateState("griot_prompt_fr_v1", "prompt", "fr", 1, "HX1", "paused"))
    provider.may_answer.set()
    job = template_states(provider)
    until(lambda: run(store, job) == 1)
    [told] = [told.__dict__ for told in caplog.records]
    assert (told["msg"], told["template"], told["status"]) == (
        "a template fell",
        "griot_prompt_fr_v1",
        "paused",
    )


def test_without_an_account_nothing_is_asked(store: Store) -> None:
    assert run(store, template_states(None)) == 0
