"""The digest of a week, put together from the store."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.digest import Digest, digest
from bot.periods import week_of
from bot.values import Say
from models.base import Db
from models.form import FormShelf
from models.programme import ProgrammeShelf
from models.week import week_of_cities


class Digests:
    """Makes digests; keeps what every one of them needs."""

    def __init__(self, programmes: ProgrammeShelf, forms: FormShelf, voices: Mapping[str, Say]) -> None:
        self._programmes = programmes
        self._forms = forms
        self._voices = voices

    def of_week(self, db: Db, week: str, language: str) -> Digest:
        """Return the digest of an ISO week in a language."""
        programme = self._programmes.programme(db)
        return digest(
            programme, week, week_of_cities(db, programme, self._forms, week), self._voices[language]
        )

    def of_now(self, db: Db, language: str, at: datetime) -> str:
        """Return the text of this week's digest: the week it is at the Secretariat."""
        return self.of_week(db, self.this_week(db, at), language).text

    def this_week(self, db: Db, at: datetime) -> str:
        """Return the ISO week that it is at the Secretariat."""
        zone = ZoneInfo(self._programmes.programme(db).secretariat.timezone)
        return week_of(at.astimezone(zone).date())
