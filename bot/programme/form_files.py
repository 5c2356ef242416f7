"""What must agree between a programme and its form files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from bot.forms.comparisons import compared
from bot.forms.form import Form, FormError
from bot.forms.outline import Outline
from bot.forms.read import read_form
from bot.programme.document import Path
from bot.programme.draft import Draft
from bot.programme.shapes import FormDigest, Programme, Rule
from bot.values import Labels, Problem


def check_forms(draft: Draft, programme: Programme, files: Mapping[str, bytes]) -> dict[str, Form]:
    """Return the forms that can be read.

    Keep every fault of the form files, and what rules and digest ask of them in vain.
    """
    forms: dict[str, Form] = {}
    outlines: dict[str, Outline] = {}
    for name, entry in programme.forms.items():
        form, outline = _read(draft, name, entry.file, files)
        if form is not None:
            forms[name] = form
        if outline is not None:
            outlines[name] = outline
            draft.problems.extend(_untranslated(draft, entry.file, outline, programme.languages))
    for number, rule in draft.numbered("rules", programme.rules):
        if rule.form in outlines:
            _check_rule(draft, ("rules", number), rule, outlines[rule.form])
    for name, digest in programme.digest.items():
        if name in outlines:
            _check_digest(draft, ("digest", name), name, outlines[name], digest)
    return forms


def _read(
    draft: Draft, name: str, file: str, files: Mapping[str, bytes]
) -> tuple[Form | None, Outline | None]:
    """Return the form unless it is refused, and what can be told of it."""
    if file not in files:
        mend = "Add the file to the programme's folder, or correct the name."
        draft.fault("missing_file", ("forms", name, "file"), f"{file} is not there.", mend)
        return None, None
    try:
        form = read_form(files[file], file)
    except FormError as error:
        draft.problems.extend(replace(each, where=f"{file}, {each.where}") for each in error.problems)
        return None, error.outline
    _check_name(draft, name, form)
    return form, _outline(form)


def _outline(form: Form) -> Outline:
    choices = {
        question.path: tuple(choice.name for choice in question.choices) for question in form.questions
    }
    return Outline(choices, tuple(_texts(form)), form.fault)


def _check_name(draft: Draft, name: str, form: Form) -> None:
    if form.name != name:
        mend = (
            f"Use one name: the key here, or form_id in the form's settings, becomes {name} or {form.name}."
        )
        draft.fault("form_id", ("forms", name), f"The form's form_id is {form.name}.", mend)


def _check_rule(draft: Draft, place: Path, rule: Rule, form: Outline) -> None:
    if fault := form.fault(rule.when):
        draft.fault(fault.code, (*place, "when"), fault.message, fault.mend)
    else:
        _check_comparisons(draft, (*place, "when"), rule.when, form)
    if rule.text is not None:
        _known_questions(draft, (*place, "text"), rule.form, form, [rule.text])


def _check_comparisons(draft: Draft, place: Path, expression: str, form: Outline) -> None:
    """Keep each comparison with a choice that a question does not have: it never holds."""
    paths = {path.rsplit("/", 1)[-1]: path for path in form.choices}
    for name, text in compared(expression):
        path = paths.get(name, name)
        if known := form.choices.get(path):
            _known_choices(draft, place, path, known, text.split())


def _known_questions(draft: Draft, place: Path, name: str, form: Outline, paths: Iterable[str]) -> None:
    for path in paths:
        if path not in form.choices:
            message = f"{path} is not a question of {name}."
            draft.fault("unknown_question", place, message, f"Use one of: {', '.join(form.choices)}.")


def _check_digest(draft: Draft, place: Path, name: str, form: Outline, digest: FormDigest) -> None:
    _known_questions(draft, place, name, form, digest.questions())
    meanings = [*digest.on_track, *digest.delayed, *digest.blocked]
    chosen = [(digest.status, meanings), (digest.progress, digest.far_enough), *digest.leave_out.items()]
    for path, names in chosen:
        known = form.choices.get(path)
        if known is not None:
            _known_choices(draft, place, path, known, names)


def _known_choices(
    draft: Draft, place: Path, path: str, known: tuple[str, ...], names: Iterable[str]
) -> None:
    for name in names:
        if name not in known:
            message = f"{name} is not a choice of {path}."
            mend = f"Use one of: {', '.join(known)}." if known else "Name a question with choices."
            draft.fault("unknown_choice", place, message, mend)


def _untranslated(draft: Draft, file: str, form: Outline, languages: tuple[str, ...]) -> Iterator[Problem]:
    said = {problem.where for problem in draft.problems}
    for where, labels in form.texts:
        missing = [language for language in languages if not labels.get(language)]
        if missing and f"{file}, {where}" not in said:
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
