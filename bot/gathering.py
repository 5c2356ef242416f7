"""A long text that comes in several messages: gathered until it is done, then stored as one answer."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot import engine
from bot.filling import filling_of
from bot.questions.yes_no import yes_or_no
from bot.reporting import ask_current, ask_question, doubtful, filled, say_only
from bot.revising import edited
from bot.talk import Filled, Outcome, Revised, Scene, Stands, Talk, Writing
from bot.values import Heard
from bot.words import shown

SILENCE = timedelta(seconds=90)  # after the last message: the text is taken to be finished
LONG = 400  # characters of a message after which more is expected
OPEN_SIGNS = ("…", "...", ",", "،", ":", "-")
OPEN_WORDS = frozenset({"and", "et", "e", "و"})
_REMEMBERED = 8  # texts before the last one whose messages are known when they are edited


def is_open(scene: Scene) -> bool:
    """Tell whether a text is being gathered for the open report."""
    writing = scene.talk.writing
    return writing is not None and writing.stands == Stands.OPEN and _is_of_open_report(scene, writing)


def silence_of(talk: Talk, report: int | None) -> datetime | None:
    """Return when the silence ends the text of the open report that is being gathered, None for none."""
    writing = talk.writing
    is_waiting = writing is not None and writing.stands == Stands.OPEN and writing.report == report
    return writing.at + SILENCE if writing and is_waiting else None


def begins(scene: Scene, heard: Heard) -> bool:
    """Tell whether a text answer is likely to go on in the next message."""
    text, filling = heard.text.strip(), filling_of(scene)
    if not text or not engine.takes_whole(filling, heard):
        return False
    is_long = len(text) >= LONG or _ends_open(text)
    return (is_long or engine.wants_lines(filling)) and not engine.excess(filling, text)


def _ends_open(text: str) -> bool:
    return text.endswith(OPEN_SIGNS) or text.rsplit(maxsplit=1)[-1].casefold() in OPEN_WORDS


def begun(scene: Scene, heard: Heard) -> Outcome:
    """Keep the first message of a text, and say how to end it."""
    report, session = scene.report, filling_of(scene).session
    if report is None or session.at is None:
        return ask_current(scene)
    pieces = ((scene.source, heard.text.strip()),)
    scene = _wrote(scene, Writing(report.id, session.at, pieces, scene.at, Stands.OPEN))
    return say_only(scene, _go_on(scene))


def _go_on(scene: Scene) -> str:
    return scene.say("Received. Go on, or send {done}.", done=shown("done", scene.who.language))


def gone_on(scene: Scene, heard: Heard) -> Outcome:
    """Keep one more message of the text; nothing is said, but on a channel where it did not begin."""
    writing = scene.talk.writing
    if writing is None:
        return ask_current(scene)
    pieces = (*writing.pieces, (scene.source, heard.text.strip()))
    scene = _wrote(scene, replace(writing, pieces=pieces, at=scene.at))
    return say_only(scene, _go_on(scene) if scene.has_moved else "")


def settled(scene: Scene) -> tuple[Scene, str]:
    """Return the scene with the gathered text stored as the answer, or why it is not: it is kept then."""
    writing = scene.talk.writing
    if writing is None or not is_open(scene):
        return scene, ""
    turn = engine.write(filling_of(scene), writing.path, writing.text)
    scene = filled(scene, turn, writing.pieces[0][0])
    stands = Stands.STORED if turn.changes else Stands.REFUSED
    gone = "" if turn.changes or turn.first else not_stored(scene, writing.text)
    return _wrote(scene, replace(writing, stands=stands)), turn.first or gone


def silence(scene: Scene) -> Outcome:
    """Take the text for finished, and ask what follows, unless a choice was asked meanwhile."""
    scene, refused = settled(scene)
    if scene.talk.choice is None:
        return ask_question(scene, refused)
    return ask_current(scene, refused) if refused else Outcome(scene.talk, scene.effects, ())


def done(scene: Scene, more: str) -> Outcome:
    """Say why the text that was refused is still not stored, and that it is kept; else that there is none."""
    writing = scene.talk.writing
    if writing is None or not _is_refused_here(scene, writing):
        return ask_current(scene, scene.say("There is no text to end."))
    scene, refused = settled(_wrote(scene, replace(writing, stands=Stands.OPEN)))
    kept = scene.say("Your text is kept: correct one of its messages, or write it anew.") if refused else ""
    return ask_current(scene, "\n".join(filter(None, (refused, kept))))


def _is_refused_here(scene: Scene, writing: Writing) -> bool:
    """Tell whether a text was refused as the answer to the open question."""
    is_refused = writing.stands == Stands.REFUSED and _is_of_open_report(scene, writing)
    return is_refused and scene.report is not None and scene.report.session.at == writing.path


def noted(scene: Scene, heard: Heard, outcome: Outcome) -> Outcome:
    """Return the outcome of a reply, and remember the text if it was one: more of it may be on its way."""
    report, at = scene.report, filling_of(scene).session.at
    last = next((each for each in reversed(outcome.effects) if isinstance(each, Filled)), None)
    text = heard.text.strip()
    if report is None or at is None or last is None or last.changes != ((at, text),):
        return outcome
    if not engine.takes_free_text(filling_of(scene)):
        return outcome
    writing = Writing(report.id, at, ((scene.source, text),), scene.at, Stands.STORED)
    return replace(outcome, talk=_written(outcome.talk, writing))


def not_stored(scene: Scene, text: str) -> str:
    """Return the sentence that names words which are kept nowhere."""
    return scene.say("Not stored: {text}", text=text.strip())


def left_over(scene: Scene, heard: Heard) -> str:
    """Name a text that came right after the answer that ended its report; "" for any other reply."""
    writing = scene.talk.writing
    if writing is None or writing.stands != Stands.STORED or not heard.text.strip():
        return ""
    is_next = writing.at == scene.talk.heard_at and abs(scene.at - writing.at) < SILENCE
    return not_stored(scene, heard.text) if is_next else ""


# What was written before the next question had been asked


def goes_on(scene: Scene, heard: Heard) -> bool:
    """Tell whether a text is more of the answer before it: written before the open question was asked.

    What the open question takes is its answer, any text where it asks for one: some know the form by heart.
    """
    writing = scene.talk.writing
    if writing is None or writing.stands != Stands.STORED or not _is_of_open_report(scene, writing):
        return False
    is_burst = bool(heard.text.strip()) and abs(scene.at - writing.at) < SILENCE
    filling = filling_of(scene)
    if not is_burst or engine.path_before(filling) != writing.path:
        return False
    is_its_answer = engine.takes_free_text(filling) or engine.understands(filling, heard)
    return not is_its_answer and not scene.facts.was_asked()


def added(scene: Scene, heard: Heard) -> Outcome:
    """Add a text to the answer before it; say that it is, or that it is not and why."""
    writing = scene.talk.writing
    if writing is None:
        return ask_current(scene)
    text = heard.text.strip()
    longer = replace(writing, pieces=(*writing.pieces, (scene.source, text)), at=scene.at)
    turn = engine.rewrite(filling_of(scene), writing.path, longer.text)
    if not turn.changes:
        return ask_current(scene, "\n".join(filter(None, (turn.first, not_stored(scene, text)))))
    scene = _wrote(filled(scene, turn, writing.pieces[0][0]), longer)
    number = engine.place_of(turn.filling, writing.path)
    said = scene.say("Added to answer {number}.", number=number)
    return ask_current(scene, said) if scene.talk.choice or scene.has_moved else say_only(scene, said)


def gone_on_in_doubt(scene: Scene, heard: Heard) -> Outcome | None:
    """Check a text together with what was written on before the check was seen; None for an answer to it."""
    filling = filling_of(scene)
    doubt, text = filling.session.doubt, heard.text.strip()
    is_text = isinstance(doubt, str) and engine.takes_free_text(filling)
    if not is_text or not text or yes_or_no(text) or scene.facts.was_asked():
        return None
    return doubtful(scene, f"{doubt}\n{text}", "")


# Edited messages


def corrected(scene: Scene, heard: Heard) -> Outcome | None:
    """Correct the piece of a text that an edited message was; None when it was none."""
    writing, text = _with_piece(scene), heard.text.strip()
    if writing is None or not text:
        return None
    if _is_replaced(scene, writing):
        return say_only(scene, not_stored(scene, text))
    pieces = tuple((source, text if source == scene.source else old) for source, old in writing.pieces)
    anew = replace(writing, pieces=pieces)
    if writing.stands == Stands.STORED:
        return _stored_anew(scene, anew, heard)
    if writing != scene.talk.writing or not _is_of_open_report(scene, writing):
        return say_only(scene, not_stored(scene, text))
    scene = _wrote(scene, replace(anew, stands=Stands.OPEN))
    if writing.stands == Stands.REFUSED:
        return silence(scene)
    return Outcome(scene.talk, scene.effects, ())


def _with_piece(scene: Scene) -> Writing | None:
    """Return the text that this message was a piece of."""
    return next((each for each in _texts(scene.talk) if scene.source in dict(each.pieces)), None)


def _texts(talk: Talk) -> tuple[Writing, ...]:
    """Return the texts whose messages are known, the newest last."""
    return (*talk.earlier, talk.writing) if talk.writing else talk.earlier


def _is_replaced(scene: Scene, writing: Writing) -> bool:
    """Tell whether the person has written another text since for the same question."""
    texts = _texts(scene.talk)
    since = texts[texts.index(writing) + 1 :]
    return any((each.report, each.path) == (writing.report, writing.path) for each in since)


def _stored_anew(scene: Scene, anew: Writing, heard: Heard) -> Outcome | None:
    """Correct a text that is stored: all its messages are found under the first."""
    if len(anew.pieces) == 1:
        return None
    first = anew.pieces[0][0]
    outcome = edited(replace(scene, source=first), replace(heard, text=anew.text), is_whole=True)
    if outcome and any(isinstance(each, Filled | Revised) and each.changes for each in outcome.effects):
        return replace(outcome, talk=_written(outcome.talk, anew))
    return outcome


def _wrote(scene: Scene, writing: Writing) -> Scene:
    return replace(scene, talk=_written(scene.talk, writing))


def _written(talk: Talk, writing: Writing) -> Talk:
    """Return the talk with a text as it is now: the last one, or one before it."""
    texts = {_key(each): each for each in _texts(talk)}
    *earlier, last = {**texts, _key(writing): writing}.values()
    kept = [each for each in earlier if len(each.pieces) > 1 or each.stands != Stands.STORED]
    return replace(talk, writing=last, earlier=tuple(kept[-_REMEMBERED:]))


def _key(writing: Writing) -> str:
    """Return what tells a text from others: its first message."""
    return writing.pieces[0][0]


def _is_of_open_report(scene: Scene, writing: Writing) -> bool:
    return scene.report is not None and scene.report.id == writing.report
