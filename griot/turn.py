"""One turn: an inbox row becomes answers, a session and messages, within the caller's transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import TypeGuard

from bot import editing, notices
from bot.control import ask_consent
from bot.conversation import hear, silent
from bot.gathering import silence_of
from bot.programme import Programme
from bot.talk import Outcome, Scene, Who
from bot.values import Heard, Message, Say
from bot.words import command_in
from bot.working_days import look_up_holidays
from channels.base import Channel, Inbound, Reach, Receipt, parts_of
from griot import effects
from griot.codes import code_in, without_code
from griot.digests import Digests
from griot.settings import data_folder
from griot.statuses import note_status
from griot.voices import voices
from griot.ways import Ways
from models import inbox, outbox
from models.base import Db
from models.consent import was_asked
from models.conversation import OpenChat, chat_of, chats_of, save_chat
from models.db import Store, gather, read, settle
from models.facts import StoredFacts, no_details
from models.form import FormShelf
from models.inbox import Taken
from models.invite import Outcome as Redeemed
from models.invite import answer_stranger, looks_like_code, redeem, refuse_stranger
from models.known_person import KnownPerson, person_with
from models.person import PersonState, address_heard, address_lost, newest_address
from models.programme import ProgrammeShelf
from models.restored import RestoredShelf
from models.silence import LATEST
from models.stored import Before, last_sent_before
from models.talk import state_of, talk_of
from models.twins import Sender, doubt, is_doubtful, learn, sender_known, senders_known


@dataclass(frozen=True, slots=True)
class Batch:
    """What is read together for the rows of one transaction."""

    people: Mapping[Sender, KnownPerson | None]
    chats: dict[int, OpenChat]  # by person; out once it was used
    before: Mapping[int, Before | None]  # by open report: what its city sent before


_REFUSALS = {Redeemed.WRONG: notices.code_wrong, Redeemed.SPENT: notices.code_spent}


@dataclass(frozen=True, slots=True)
class Turns:
    """What every turn needs; calling it takes some."""

    channels: Mapping[str, Channel]
    voices: Mapping[str, Say]
    forms: FormShelf
    programmes: ProgrammeShelf
    digest_in: Callable[[Db, str, datetime], str]
    details_in: Callable[[Db, str, str, datetime], str] = no_details
    restored: RestoredShelf = field(default_factory=RestoredShelf)

    def __call__(self, db: Db, rows: Sequence[Taken], at: datetime) -> list[Taken]:
        """Handle rows of several senders, read and written together; return those that were handled.

        Not those of a person whom another worker holds, nor the second of who wrote from two addresses: they
        are taken later. The result depends only on stored rows and the time stored on each; `at` only marks
        what changed, for `export --since`. Who sends a report holds their city until the transaction ends:
        city after city, so that no two workers wait for each other.
        """
        told = [(row, self.channels[row.channel].parse(inbox.unpack(row.body))) for row in rows]
        said = [(row, one) for row, news in told for one in news if _is_said(one)]
        batch = self._batch(db, {_sender(row, one): row.received_at for row, one in said})
        handled: list[Taken] = []
        with gather(db):
            for row, news in sorted(told, key=partial(_city_of, batch.people)):
                if self._took(db, row, news, batch, at):
                    handled.append(row)
        return handled

    def _batch(self, db: Db, senders: Mapping[Sender, datetime]) -> Batch:
        people = senders_known(db, senders)
        chats = chats_of(db, {person.id for person in people.values() if person})
        reports = [chat.report for chat in chats.values() if chat.report]
        carrying = [one.id for one in reports if self.forms.form(db, one.form, one.form_version).reads_last]
        return Batch(people, chats, last_sent_before(db, carrying))

    def _took(
        self, db: Db, row: Taken, news: Sequence[Inbound | Receipt], batch: Batch, at: datetime
    ) -> bool:
        """Handle one row and take its chat out of the batch; return False where it is out already."""
        for one in news:
            if isinstance(one, Receipt):
                _note(db, row, one, self.ways, at)
            elif one.is_private:
                sender = _sender(row, one)
                person = batch.people.get(sender)
                if sender not in batch.people:
                    self._hear_stranger(db, row, one, batch, at)
                elif person is None or person.id not in batch.chats:
                    return False
                elif not self._joins(db, row, one, batch, at):
                    self._hear_person(db, row, without_code(one), person, batch, at)
        return True

    @property
    def ways(self) -> Ways:
        """Return how messages of this process go on that fail."""
        return Ways(frozenset(self.channels), self.voices, self.programmes, partial(parts_of, self.channels))

    def prepare(self, store: Store, at: datetime) -> None:
        """Compile the programme and its forms, look holidays up. The first turn would hold the database."""
        try:
            programme = read(store, self._compiled)
        except LookupError:
            return  # nothing is loaded yet
        look_up_holidays(programme, (at.year - 1, at.year, at.year + 1))

    def _compiled(self, db: Db) -> Programme:
        programme = self.programmes.programme(db)
        for name in programme.forms:
            self.forms.form(db, name)
        return programme

    def apologise(self, db: Db, row: Taken, at: datetime) -> None:
        """Tell the person once that something went wrong on our side."""
        person, address = self._person_at(db, row)
        if person and address and person.state != PersonState.STOPPED:
            text = notices.our_fault(self.voices[person.language])
            _enqueue(db, _answer(row, address, "sorry"), person, Message(text, kind="notice"), at)

    def busy(self, db: Db, row: Taken, at: datetime) -> None:
        """Tell the person once that their messages wait."""
        person, address = self._person_at(db, row)
        if person and address and person.state != PersonState.STOPPED:
            text = notices.busy(self.voices[person.language])
            _enqueue(db, _answer(row, address, "busy"), person, Message(text, kind="notice"), at)

    def _person_at(self, db: Db, row: Taken) -> tuple[KnownPerson | None, str]:
        for news in self.channels[row.channel].parse(inbox.unpack(row.body)):
            if isinstance(news, Inbound) and news.is_private:
                return sender_known(db, _sender(row, news), row.received_at), news.address
        return None, ""

    def _joins(self, db: Db, row: Taken, news: Inbound, batch: Batch, at: datetime) -> bool:
        """Bind somebody known who sends another invitation; tell whether that was one."""
        code = code_in(news.heard.text)
        if code is None or not looks_like_code(code):
            return False
        redeemed = redeem(db, code, row.channel, news.address, row.received_at, at)
        if redeemed.outcome != Redeemed.BOUND or redeemed.person_id is None:
            return False
        self._welcome(db, row, news, redeemed.person_id, batch, at)
        return True

    def _hear_person(
        self, db: Db, row: Taken, news: Inbound, person: KnownPerson, batch: Batch, at: datetime
    ) -> None:
        """Hear somebody known; who writes from a number silent for long is a stranger, who can only stop."""
        sender = _sender(row, news)
        is_doubted = is_doubtful(db, sender, person, row.received_at)
        if is_doubted and not _says_stop(news.heard):
            doubt(db, sender, at)
            self.ways.tell_of_silence(db, person, at)
            self._hear_stranger(db, row, news, batch, at)
            return
        if not is_doubted:
            address_heard(db, row.channel, news.address, row.received_at, at)
            learn(db, sender, person.id, row.received_at, at)
        self._hear_known(db, row, news, person, batch, at)

    def _hear_known(
        self, db: Db, row: Taken, news: Inbound, person: KnownPerson, batch: Batch, at: datetime
    ) -> None:
        chat = batch.chats.pop(person.id)
        if news.heard.opt_out == "STOP":  # the provider refuses all there until they send START there
            address_lost(db, row.channel, news.address, "blocked", at)
        inbox.describe(db, row.id, person.id, said(news.heard))
        scene = self._scene(db, row, news.heard, person, chat, batch.before)
        self._keep(db, row, news.address, chat, scene, hear(scene, news.heard), at)

    def end_text(self, db: Db, person_id: int, at: datetime) -> None:
        """Take the text that a person sent in pieces for finished, unless more of it came meanwhile."""
        person = person_with(db, person_id)  # locked: a turn of theirs may have been under way
        chat = chat_of(db, person_id)
        if person is None or chat.due_at is None or at < chat.due_at <= at + LATEST:
            return
        ended = min(chat.due_at, at)
        key = f"silence:{person_id}:{chat.due_at.isoformat()}"
        address = newest_address(db, person_id, chat.channel)
        scene = self._scene_of(db, ended, person, chat)
        outcome = silent(scene)
        heard = effects.Heard(chat.channel, "", ended, at, 0, tuple(self.channels))
        report_id = effects.keep(db, scene, outcome.effects, heard)
        now = replace(chat, state=state_of(outcome.talk), due_at=None)
        save_chat(db, person_id, now, report_id, chat.updated_at or ended)
        for number, message in enumerate(outcome.messages, start=1):
            if address and not scene.who.is_stopped:
                way = _Way(f"{key}:{number}", chat.channel, address, at)
                _enqueue(db, way, person, message, at)

    def _hear_stranger(self, db: Db, row: Taken, news: Inbound, batch: Batch, at: datetime) -> None:
        """Bind who sends a code; give others one neutral answer a day."""
        inbox.describe(db, row.id, None, said(news.heard))
        if news.heard.opt_out:
            return
        programme = self._programme(db)
        language = news.language or (programme.language_at(news.address) if programme else "")
        say = self.voices[language if language in self.voices else "en"]
        prices = programme.prices if programme else None
        is_paid_for = prices is None or prices.may_go(row.channel, news.address)
        code = code_in(news.heard.text)
        if code is None:
            if is_paid_for and answer_stranger(db, row.channel, news.address, row.received_at):
                _enqueue_stranger(db, row, news.address, notices.for_strangers(say), at)
            return
        redeemed = redeem(db, code, row.channel, news.address, row.received_at, at)
        if redeemed.outcome == Redeemed.BOUND and redeemed.person_id is not None:
            self._welcome(db, row, news, redeemed.person_id, batch, at)
        elif (
            is_paid_for
            and redeemed.outcome in _REFUSALS
            and refuse_stranger(db, row.channel, news.address, row.received_at)
        ):
            _enqueue_stranger(db, row, news.address, _REFUSALS[redeemed.outcome](say), at)

    def _programme(self, db: Db) -> Programme | None:
        try:
            return self.programmes.programme(db)
        except LookupError:
            return None  # before the first load

    def _welcome(self, db: Db, row: Taken, news: Inbound, person_id: int, batch: Batch, at: datetime) -> None:
        settle(db)  # they may have written from another address a moment ago,
        batch.chats.pop(person_id, None)  # or do so in the same batch
        person = person_with(db, person_id)
        if person is None:
            return
        inbox.describe(db, row.id, person.id, said(news.heard))
        learn(db, _sender(row, news), person.id, row.received_at, at)
        chat = chat_of(db, person.id)
        scene = self._scene(db, row, news.heard, person, chat)
        joined = notices.welcome(scene.say, person.name, scene.named(scene.city.names) if scene.city else "")
        is_back = scene.who.agreed or scene.who.is_stopped
        outcome = hear(scene, Heard(text="start")) if is_back else ask_consent(scene)
        self._keep(db, row, news.address, chat, scene, outcome.preceded(joined), at)

    def _scene(
        self,
        db: Db,
        row: Taken,
        heard: Heard,
        person: KnownPerson,
        chat: OpenChat,
        before: Mapping[int, Before | None] = MappingProxyType({}),
    ) -> Scene:
        has_moved = bool(chat.channel) and chat.channel != row.channel
        source = f"{row.channel}:{heard.source}"
        return self._scene_of(db, row.received_at, person, chat, before, source=source, has_moved=has_moved)

    def _scene_of(
        self,
        db: Db,
        at: datetime,
        person: KnownPerson,
        chat: OpenChat,
        before: Mapping[int, Before | None] = MappingProxyType({}),
        *,
        source: str = "",
        has_moved: bool = False,
    ) -> Scene:
        asked = self.digest_in, self.details_in
        facts = StoredFacts(db, self.forms, person.id, person.city, at, *asked, before=before)
        talk = talk_of(chat)
        return Scene(
            who=_who(db, person),
            programme=self.programmes.programme(db),
            at=at,
            voices=self.voices,
            facts=facts,
            talk=talk,
            report=editing.at_hand(talk, facts.in_hand(chat.report)) if chat.report else None,
            source=source,
            has_moved=has_moved,
        )

    def _keep(
        self,
        db: Db,
        row: Taken,
        address: str,
        chat: OpenChat,
        scene: Scene,
        outcome: Outcome,
        at: datetime,
    ) -> None:
        heard = effects.Heard(row.channel, scene.source, row.received_at, at, row.id, tuple(self.channels))
        report_id = effects.keep(db, scene, outcome.effects, heard)
        channel = row.channel if outcome.messages else chat.channel  # where the question was asked
        now = OpenChat(
            state_of(outcome.talk), channel, is_new=chat.is_new, due_at=silence_of(outcome.talk, report_id)
        )
        save_chat(db, scene.who.id, now, report_id, row.received_at)
        if self.restored.is_before(db, row.received_at) and not inbox.is_last_open(db, row):
            return  # the lost system has most likely answered: the last answer says where things stand
        for number, message in enumerate(outcome.messages, start=1):
            _enqueue(db, _answer(row, address, str(number)), scene.who, message, at)


def make_turns(channels: Mapping[str, Channel]) -> Turns:
    """Return the turns of a process that hears these channels."""
    forms, programmes, spoken = FormShelf(), ProgrammeShelf(), voices(data_folder("locales"))
    digests = Digests(programmes, forms, spoken)
    return Turns(channels, spoken, forms, programmes, digests.of_now, digests.details_of)


def said(heard: Heard) -> str:
    """Return what stands in the inbox as the text of a reply."""
    if heard.text:
        return heard.text
    if heard.press:
        return f"[{heard.press.option}]"
    if heard.media:
        return f"[{heard.media.kind}]"
    return "[location]" if heard.location else ""


def _sender(row: Taken, news: Inbound) -> Sender:
    return Sender(row.channel, news.address, news.also)


def _city_of(
    people: Mapping[Sender, KnownPerson | None], taken: tuple[Taken, Sequence[Inbound | Receipt]]
) -> str:
    """Return the city of who said this, empty where nobody of a city did."""
    row, news = taken
    known = (people.get(_sender(row, one)) for one in news if _is_said(one))
    return next((person.city for person in known if person and person.city), "")


def _says_stop(heard: Heard) -> bool:
    command = command_in(heard.text)
    return heard.opt_out == "STOP" or (command is not None and command.name == "stop")


def _is_said(news: Inbound | Receipt) -> TypeGuard[Inbound]:
    return isinstance(news, Inbound) and news.is_private


def _who(db: Db, person: KnownPerson) -> Who:
    agreed = True if person.state == PersonState.ACTIVE else was_asked(db, person.id)
    is_stopped = person.state in (PersonState.STOPPED, PersonState.ERASED)
    return Who(person.id, person.name, person.role, person.city, person.language, agreed, is_stopped)


def _note(db: Db, row: Taken, news: Receipt, ways: Ways, at: datetime) -> None:
    note_status(db, row.channel, news, ways, at)
    if news.reach == Reach.BLOCKED:
        ways.lose(db, row.channel, news.address, at)
    elif news.reach == Reach.RETURNED:
        address_heard(db, row.channel, news.address, row.received_at, at)


@dataclass(frozen=True, slots=True)
class _Way:
    """Under which key and where to a message goes, and when what it answers came."""

    key: str
    channel: str
    address: str
    at: datetime


def _answer(row: Taken, address: str, number: str) -> _Way:
    return _Way(f"reply:{row.id}:{number}", row.channel, address, row.received_at)


def _enqueue(db: Db, way: _Way, person: KnownPerson | Who, message: Message, at: datetime) -> None:
    outbox.answer(
        db,
        key=way.key,
        person_id=person.id,
        channel=way.channel,
        address=way.address,
        message=message,
        at=way.at,
        handled_at=at,
    )


def _enqueue_stranger(db: Db, row: Taken, address: str, text: str, at: datetime) -> None:
    outbox.answer(
        db,
        key=f"reply:{row.id}:1",
        person_id=None,
        channel=row.channel,
        address=address,
        message=Message(text, kind="stranger"),
        at=row.received_at,
        handled_at=at,
    )
