"""The digest of a week, put together from the store."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.digest import Digest, city_text, digest, full_text, number_of, subject
from bot.periods import previous
from bot.programme import Programme
from bot.schedule import Occurrence
from bot.scheduled import digest_of, digest_token, week_at_secretariat
from bot.values import Message, Opening, Say
from bot.week import Week
from models.base import Db
from models.digest import week_in_full
from models.form import FormShelf
from models.programme import ProgrammeShelf


class Digests:
    """Makes digests; keeps what every one of them needs."""

    def __init__(self, programmes: ProgrammeShelf, forms: FormShelf, voices: Mapping[str, Say]) -> None:
        self._programmes = programmes
        self._forms = forms
        self._voices = voices

    def of_week(
        self, db: Db, week: str, language: str, at: datetime, since: datetime | None = None
    ) -> Digest:
        """Return the digest of an ISO week in a language, as it is known at `at`.

        `since` is when the last digest was due; a week before this one's when it is not given.
        """
        programme = self._programmes.programme(db)
        return digest(programme, self._week(db, programme, week, at, since), self._voices[language])

    def of_now(self, db: Db, language: str, at: datetime) -> str:
        """Return the text of this week's digest: the week it is at the Secretariat."""
        return self.of_week(db, self.this_week(db, at), language, at).text

    def details_of(self, db: Db, city: str, language: str, at: datetime) -> str:
        """Return what a city said this week, at most 1500 characters; raise KeyError for an unknown city."""
        programme = self._programmes.programme(db)
        week = self._week(db, programme, self.this_week(db, at), at, None)
        return city_text(programme, week, city, self._voices[language])

    def message_of(
        self, db: Db, week: str, language: str, at: datetime, since: datetime | None = None
    ) -> Message:
        """Return the digest as one message: its text, and the whole of it as the HTML of an e-mail."""
        return self._message(db, self.of_week(db, week, language, at, since))

    def mail_of(
        self, db: Db, week: str, language: str, at: datetime, since: datetime | None = None
    ) -> Message:
        """Return the whole digest as an e-mail, in plain text and HTML."""
        found = self.of_week(db, week, language, at, since)
        text = full_text(found, self._voices[language])
        return replace(self._message(db, found), text=text, opening=None)

    def of_occurrence(
        self, db: Db, occurrence: Occurrence, language: str, since: datetime, at: datetime
    ) -> Message:
        """Return the digest of an occurrence's week: the whole for its e-mail, else one text."""
        if occurrence.key.endswith(":email"):
            return self.mail_of(db, occurrence.period, language, at, since)
        return replace(self.message_of(db, occurrence.period, language, at, since), html="")

    def this_week(self, db: Db, at: datetime) -> str:
        """Return the ISO week that it is at the Secretariat."""
        return week_at_secretariat(self._programmes.programme(db), at)

    def _message(self, db: Db, found: Digest) -> Message:
        from reports.digest_mail import as_html  # its templates' library: not before there is a digest

        say = self._voices[found.language]
        values = (number_of(found.week), str(found.answered), str(found.expected))
        sender = self._programmes.programme(db).secretariat.names.get(found.language, "")
        return Message(
            found.text,
            kind="digest",
            token=digest_token(found.week),
            opening=Opening("digest", found.language, values),
            subject=subject(found.week, say),
            html=as_html(found, sender, say),
        )

    def _week(self, db: Db, programme: Programme, week: str, at: datetime, since: datetime | None) -> Week:
        since = since or digest_of(programme, previous(week))
        until = at if week >= self.this_week(db, at) else min(at, digest_of(programme, week))
        return week_in_full(db, programme, self._forms, week, since, until)
