"""What changed between two versions of a form, question by question."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.forms.form import Form, Question
from bot.sentence import sentence
from bot.values import Labels

_RULES = ("required", "relevant", "constraint")
_TEXTS = {"label": "labels", "hint": "hints"}
_COLUMNS = {"choice_label": "label"}  # what is not called as in the form


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: what of which question, as it was and as it is; "" where there was or is nothing."""

    kind: str  # added, removed, type, label, hint, choice_added, choice_removed, choice_label, a rule
    question: str
    before: str = ""
    after: str = ""
    language: str = ""


def changes(before: Form, after: Form) -> tuple[Change, ...]:
    """Return what is different, in the order of the newer form; what was removed comes last."""
    old = {question.path: question for question in before.questions}
    new = {question.path: question for question in after.questions}
    return (
        *(change for path, question in new.items() for change in _of_question(old.get(path), question)),
        *(Change("removed", path) for path in old if path not in new),
    )


def _of_question(before: Question | None, after: Question) -> Iterator[Change]:
    path = after.path
    if before is None:
        yield Change("added", path)
        return
    if before.type != after.type:
        yield Change("type", path, before.type, after.type)
    for kind, name in _TEXTS.items():
        yield from _of_texts(kind, path, getattr(before, name), getattr(after, name))
    for rule in _RULES:
        was, now = str(getattr(before, rule)), str(getattr(after, rule))
        if was != now:
            yield Change(rule, path, was, now)
    old = {choice.name: choice.labels for choice in before.choices}
    new = {choice.name: choice.labels for choice in after.choices}
    yield from (Change("choice_added", path, after=name) for name in new if name not in old)
    yield from (Change("choice_removed", path, before=name) for name in old if name not in new)
    for name in new:
        yield from _of_texts("choice_label", f"{path}: {name}", old.get(name, new[name]), new[name])


def _of_texts(kind: str, path: str, before: Labels, after: Labels) -> Iterator[Change]:
    for language in dict.fromkeys([*before, *after]):
        was, now = before.get(language, ""), after.get(language, "")
        if was != now:
            yield Change(kind, path, was, now, language)


def unchanged() -> str:
    """Return the words for versions without a difference."""
    return sentence("Nothing changed.")


def compared(form: str, before: str, after: str) -> str:
    """Return which versions of a form are compared, as a sentence; `before` is "" for its first version."""
    if not before:
        return sentence("{form}: version {version} is the first.", form=form, version=after)
    return sentence("{form}: version {before} to {after}", form=form, before=before, after=after)


def said(change: Change) -> str:
    """Return a change as a sentence."""
    match change.kind:
        case "added":
            return sentence("{question}: new question.", question=change.question)
        case "removed":
            return sentence("{question}: question removed.", question=change.question)
        case "choice_added":
            return sentence("{question}: new choice {choice}.", question=change.question, choice=change.after)
        case "choice_removed":
            return sentence(
                "{question}: choice {choice} removed.", question=change.question, choice=change.before
            )
    column = _COLUMNS.get(change.kind, change.kind)
    what = f"{column} ({change.language})" if change.language else column
    return sentence(
        "{question}: {what} was “{before}”, is now “{after}”.",
        question=change.question,
        what=what,
        before=change.before,
        after=change.after,
    )
