"""What must agree between a programme and its form files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from bot.forms.comparisons import compared
from bot.forms.form import Form
from bot.forms.outline import Outline
from bot.forms.read import Reading, Readings
from bot.programme.document import Path
from bot.programme.draft import Draft
from bot.programme.shapes import FormDigest, Programme, Rule
from bot.sentence import sentence
from bot.values import Labels, Problem


def check_forms(
    draft: Draft, programme: Programme, files: Mapping[str, bytes], read: Readings
) -> dict[str, Form]:
    """Return the forms that can be read.

    Keep every fault of the form files, and what rules and digest ask of them in vain.
    """
    forms: dict[str, Form] = {}
    outlines: dict[str, Outline] = {}
    wanted = (entry.file for entry in programme.forms.values())
    readings = read({file: files[file] for file in wanted if file in files}, lists_of(files))
    for name, entry in programme.forms.items():
        form, outline = _read(draft, name, entry.file, readings)
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


def lists_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the CSV files among a programme's forms, by the name that forms give them."""
    paths = (path for path in files if path.startswith("forms/") and path.lower().endswith(".csv"))
    return {path.rsplit("/", 1)[-1]: files[path] for path in paths}


def _read(
    draft: Draft, name: str, file: str, readings: Mapping[str, Reading]
) -> tuple[Form | None, Outline | None]:
    """Return the form unless it is refused, and what can be told of it."""
    reading = readings.get(file)
    if reading is None:
        mend = sentence("Add the file to the programme's folder, or correct the name.")
        draft.fault(
            "missing_file", ("forms", name, "file"), sentence("{file} is not there.", file=file), mend
        )
        return None, None
    draft.problems.extend(replace(each, where=f"{file}, {each.where}") for each in reading.problems)
    if reading.form is None:
        return None, reading.outline
    _check_name(draft, name, reading.form)
    return reading.form, _outline(reading.form)


def _outline(form: Form) -> Outline:
    choices = {
        question.path: tuple(choice.name for choice in question.choices) for question in form.questions
    }
    return Outline(choices, tuple(_texts(form)), form.fault)


def _check_name(draft: Draft, name: str, form: Form) -> None:
    if form.name != name:
        mend = sentence(
            "Use one name: the key here, or form_id in the form's settings, becomes {key} or {form}.",
            key=name,
            form=form.name,
        )
        message = sentence("The form's form_id is {form}.", form=form.name)
        draft.fault("form_id", ("forms", name), message, mend)


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
            message = sentence("{path} is not a question of {form}.", path=path, form=name)
            draft.fault("unknown_question", place, message, _one_of(form.choices))


def _one_of(names: Iterable[str]) -> str:
    return sentence("Use one of: {names}.", names=", ".join(names))


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
            message = sentence("{name} is not a choice of {path}.", name=name, path=path)
            mend = _one_of(known) if known else sentence("Name a question with choices.")
            draft.fault("unknown_choice", place, message, mend)


def _untranslated(draft: Draft, file: str, form: Outline, languages: tuple[str, ...]) -> Iterator[Problem]:
    said = {problem.where for problem in draft.problems}
    for where, labels in form.texts:
        missing = [language for language in languages if not labels.get(language)]
        if missing and f"{file}, {where}" not in said:
            message = sentence("No text in: {languages}.", languages=", ".join(missing))
            mend = sentence("Fill in the column of each language.")
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
