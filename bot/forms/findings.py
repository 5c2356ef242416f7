"""What is told to an officer of a form that was read: size, languages and weight, as sentences."""

from collections.abc import Iterable, Iterator, Mapping

from bot.forms.coverage import Covered
from bot.forms.form import Form
from bot.forms.places import place_in_words
from bot.forms.weight import LONGEST_LABEL, MOST_PARTS, QuestionWeight, Weight
from bot.sentence import Sentence, sentence
from bot.values import LANGUAGE_NAMES, Problem

NOT_ASKED = ("note", "another")  # `another` is the bot's question between two rounds of a repeat

_KINDS = {
    "labels": sentence("labels"),
    "hints": sentence("hints"),
    "messages": sentence("messages of required and constraint"),
    "choices": sentence("choices"),
}


def questions_asked(form: Form) -> int:
    """Return how many questions a person answers."""
    return sum(question.type not in NOT_ASKED for question in form.questions)


def headline(form: Form) -> Sentence:
    """Return a form's name, version, number of questions and languages."""
    about = {"form": form.name, "version": form.version, "n": questions_asked(form)}
    if not form.languages:
        return sentence("{form}, version {version}: {n} questions, no language named", **about)
    languages = ", ".join(form.languages)
    return sentence("{form}, version {version}: {n} questions, {languages}", **about, languages=languages)


def weighed(weight: Weight, covered: Mapping[str, Mapping[str, Covered]]) -> Iterator[Sentence]:
    """Yield how many messages a form takes, then of each language its weight, gaps and long questions."""
    if weight.shortest == weight.longest:
        yield sentence("Messages: {n}", n=weight.longest)
    else:
        yield sentence("{least} to {most} messages", least=weight.shortest, most=weight.longest)
    for language, questions in weight.languages.items():
        name = LANGUAGE_NAMES.get(language, language)
        yield sentence(
            "{language}: {characters} characters, {bytes} bytes, {parts} SMS parts",
            language=name,
            characters=sum(one.characters for one in questions),
            bytes=sum(one.bytes for one in questions),
            parts=sum(one.parts for one in questions),
        )
        yield from _missing(name, covered.get(language, {}))
        yield from (_too_long(name, one) for one in questions if one.is_over)


def version_of(form: str, version: str) -> Sentence:
    """Return how a version of a form is called."""
    return sentence("{form}, version {version}", form=form, version=version)


def taken_along(files: Iterable[str]) -> Sentence:
    """Return which files were taken without being named."""
    return sentence("with {files} from the same folder", files=", ".join(files))


def left_over(file: str) -> Sentence:
    """Return that a file was named which the form does not read, and the mend."""
    return sentence(
        "The form reads no {file}. Write the same name in the form, or leave the file out.", file=file
    )


def first_missing(gap: Problem) -> Sentence:
    """Return what a language lacks, and where the first such text would stand."""
    return sentence("{text} The first: {place}.", text=gap.message, place=place_in_words(gap.where))


def warned(text: str) -> Sentence:
    """Return a warning, marked as one."""
    return sentence("warning: {text}", text=text)


def _missing(language: str, covered: Mapping[str, Covered]) -> Iterator[Sentence]:
    for name, kind in covered.items():
        if kind.missing:
            yield sentence(
                "{language}: missing {missing} of {texts}: {kind}",
                language=language,
                missing=len(kind.missing),
                texts=kind.texts,
                kind=_KINDS[name],
            )


def _too_long(language: str, one: QuestionWeight) -> Sentence:
    return sentence(
        "{language}: {question} is long: {label} characters of {most}, {parts} SMS parts of {limit}",
        language=language,
        question=one.path,
        label=one.label,
        parts=one.parts,
        most=LONGEST_LABEL,
        limit=MOST_PARTS,
    )
