"""What must agree between a programme and its form files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from bot.forms.form import Form, FormError, Question
from bot.forms.read import read_form
from bot.programme.document import Path
from bot.programme.draft import Draft
from bot.programme.shapes import FormDigest, Programme
from bot.values import Labels, Problem


def check_forms(draft: Draft, programme: Programme, files: Mapping[str, bytes]) -> None:
    """Keep every fault of the form files, and what rules and digest ask of them in vain."""
    forms: dict[str, Form] = {}
    for name, entry in programme.forms.items():
        form = _read(draft, ("forms", name, "file"), entry.file, files)
        if form is not None:
            forms[name] = form
            _check_name(draft, name, form)
            draft.problems.extend(_untranslated(entry.file, form, programme.languages))
    for number, rule in draft.numbered("rules", programme.rules):
        if rule.form in forms:
            _check_expression(draft, ("rules", number, "when"), forms[rule.form], rule.when)
            if rule.text is not None:
                _known_questions(draft, ("rules", number, "text"), forms[rule.form], [rule.text])
    for name, digest in programme.digest.items():
        if name in forms:
            _check_digest(draft, ("digest", name), forms[name], digest)


def _read(draft: Draft, place: Path, file: str, files: Mapping[str, bytes]) -> Form | None:
    if file not in files:
        mend = "Add the file to the programme's folder, or correct the name."
        draft.fault("missing_file", place, f"{file} is not there.", mend)
        return None
    try:
        return read_form(files[file], file)
    except FormError as error:
        draft.problems.extend(replace(each, where=f"{file}, {each.where}") for each in error.problems)
        return None


def _check_name(draft: Draft, name: str, form: Form) -> None:
    if form.name != name:
        mend = (
            f"Use one name: the key here, or form_id in the form's settings, becomes {name} or {form.name}."
        )
        draft.fault("form_id", ("forms", name), f"The form's form_id is {form.name}.", mend)


def _check_expression(draft: Draft, place: Path, form: Form, expression: str) -> None:
    if fault := form.fault(expression):
        draft.fault(fault.code, place, fault.message, fault.mend)


def _known_questions(draft: Draft, place: Path, form: Form, paths: Iterable[str]) -> None:
    known = [question.path for question in form.questions]
    for path in paths:
        if path not in known:
            message = f"{path} is not a question of {form.name}."
            draft.fault("unknown_question", place, message, f"Use one of: {', '.join(known)}.")


def _check_digest(draft: Draft, place: Path, form: Form, digest: FormDigest) -> None:
    _known_questions(draft, place, form, digest.questions())
    asked = {question.path: question for question in form.questions}
    meanings = [*digest.on_track, *digest.delayed, *digest.blocked]
    chosen = {digest.status: meanings, **digest.leave_out}
    for path, names in chosen.items():
        if path in asked:
            _known_choices(draft, place, asked[path], names)


def _known_choices(draft: Draft, place: Path, question: Question, names: Iterable[str]) -> None:
    known = [choice.name for choice in question.choices]
    for name in names:
        if name not in known:
            message = f"{name} is not a choice of {question.path}."
            mend = f"Use one of: {', '.join(known)}." if known else "Name a question with choices."
            draft.fault("unknown_choice", place, message, mend)


def _untranslated(file: str, form: Form, languages: tuple[str, ...]) -> Iterator[Problem]:
    for where, labels in _texts(form):
        missing = [language for language in languages if not labels.get(language)]
        if missing:
            message = f"No text in: {', '.join(missing)}."
            mend = "Fill in the column of each language."
            yield Problem("language", f"{file}, {where}", mend, message)


def _texts(form: Form) -> Iterator[tuple[str, Labels]]:
    """Return every text that people read; hints and messages only where they are written at all."""
    for question in form.questions:
        if question.type != "another":
            yield f"{question.path}, label", question.labels
        for column in ("hints", "constraint_messages", "required_messages"):
            labels: Labels = getattr(question, column)
            if labels:
                yield f"{question.path}, {column}", labels
        for choice in question.choices:
            yield f"{question.path}, choice {choice.name}, label", choice.labels
    for repeat in form.repeats:
        if repeat.labels:
            yield f"{repeat.path}, label", repeat.labels
