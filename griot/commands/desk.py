"""What every command that reads or writes data needs: settings, the database, one line for an error."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import click
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from bot.programme import Programme
from bot.values import Problem
from griot.clock import follow, now
from griot.commands.refusals import BadInput as BadInput
from griot.commands.refusals import Failed as Failed
from griot.settings import Settings
from models.base import Db
from models.city import DecisionError
from models.db import Store, UrlError, open_store
from models.person import PersonError
from models.programme import current_programme

MOST_ID = 2**31 - 1  # of a row, on PostgreSQL


@dataclass(frozen=True, slots=True)
class Desk:
    """The open database, the settings and the time of the command."""

    store: Store
    settings: Settings
    at: datetime


@contextmanager
def desk() -> Iterator[Desk]:
    """Yield the open database; any trouble with it, with a person or a decision, becomes one line.

    Only what the command needs is checked: no SECRET_KEY and no channel is asked for to read data.
    """
    settings = read_settings()
    try:
        store = open_store(settings.database_url, connections=2)
    except UrlError as error:
        raise BadInput(f"DATABASE_URL: {error}") from None
    try:
        follow(store)
        yield Desk(store, settings, now())
    except (PersonError, DecisionError) as error:
        raise BadInput(str(error)) from None
    except DBAPIError as error:
        raise Failed(_reason(error)) from None
    finally:
        store.close()


def programme_of(db: Db) -> Programme:
    """Return the current programme; raise BadInput before the first load."""
    try:
        return current_programme(db)
    except LookupError as error:
        raise BadInput(f"{error}.") from None


def read_settings() -> Settings:
    """Return the settings as they are; raise BadInput for a value that is none. Nothing is missed."""
    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_input=False)
        names = (".".join(str(part) for part in fault["loc"]).upper() for fault in faults)
        lines = (f"{name}: {fault['msg']}" for name, fault in zip(names, faults, strict=True))
        raise BadInput("; ".join(lines)) from None


def _reason(error: DBAPIError) -> str:
    words = " ".join(str(error.orig).split())
    if "no such table" in words or "does not exist" in words or "no such column" in words:
        return f"The database is not ready ({words}). Run `griot migrate`."
    return f"The database cannot be used: {words}"


def show_json(value: object) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_problems(problems: Sequence[Problem]) -> None:
    """Print one line a fault on standard error: where, what, and the mend."""
    for problem in problems:
        click.echo(one_line(problem), err=True)


def one_line(problem: Problem) -> str:
    """Return a fault in one line."""
    return " ".join(f"{problem.where}: {problem.message} {problem.mend}".split())


def save(output: Path, file: bytes) -> None:
    """Write a file; raise Failed with the reason when it cannot be written."""
    try:
        output.write_bytes(file)
    except OSError as error:
        raise Failed(f"{output} cannot be written: {error.strerror}.") from None


class Day(click.ParamType[date]):
    """A date, YYYY-MM-DD."""

    name = "date"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the date, or fail with an example."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date such as 2026-12-01", param, ctx)


class Moment(click.ParamType[datetime]):
    """A time, RFC 3339; UTC when no zone is given; a date alone is its first moment."""

    name = "time"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the aware time, or fail with an example."""
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(value)
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a time such as 2026-11-23T10:00:00Z", param, ctx)


class Week(click.ParamType[str]):
    """An ISO week, such as 2026-W48."""

    name = "week"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the week, or fail with an example."""
        if not _is_week(value):
            self.fail(f"{value!r} is not a week such as 2026-W48", param, ctx)
        return value


class PersonId(click.ParamType[int]):
    """The number of a person."""

    name = "integer"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; raise BadInput for one that no row can have."""
        try:
            id = int(value)
        except ValueError:
            self.fail(f"{value!r} is not a valid integer", param, ctx)
        if not 0 < id <= MOST_ID:
            raise BadInput(f"There is no person {id}. See `griot person list`.")
        return id


def _is_week(text: str) -> bool:
    """Tell whether the calendar has this week: not every year has a week 53."""
    found = re.fullmatch(r"([12]\d{3})-W(\d\d)", text, re.ASCII)
    if found is None:
        return False
    try:
        date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        return False
    return True
