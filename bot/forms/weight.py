"""What a form weighs on the way to a phone: messages, characters, bytes and parts of SMS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.forms.form import Form, Kind, Node, Question
from bot.forms.wording import label_in
from bot.forms.xform import UNLABELLED

LONGEST_LABEL = 160  # characters of a question (domain, section 6)
MOST_PARTS = 2  # of SMS for one question


@dataclass(frozen=True, slots=True)
class QuestionWeight:
    """One question as a channel writes it, in one language: the label and the numbered options."""

    path: str
    label: int  # characters of the label alone
    characters: int
    bytes: int  # UTF-8
    parts: int  # of SMS

    @property
    def is_over(self) -> bool:
        """Tell whether it is longer than a question should be."""
        return self.label > LONGEST_LABEL or self.parts > MOST_PARTS


@dataclass(frozen=True, slots=True)
class Weight:
    """A form's questions by language, and its messages on the shortest and the longest way through."""

    shortest: int  # messages, when no condition holds
    longest: int  # every question once, one round of each repeat
    languages: dict[str, tuple[QuestionWeight, ...]]


def weigh(form: Form, parts_of: Callable[[str], int]) -> Weight:
    """Return the weight of a form; `parts_of` tells the parts of SMS that a text takes."""
    return Weight(
        shortest=len(set(_messages(form.compiled.root, is_shortest=True))),
        longest=len(set(_messages(form.compiled.root, is_shortest=False))),
        languages={
            language: tuple(_weighed(form, question, language, parts_of) for question in form.questions)
            for language in form.languages or (UNLABELLED,)
        },
    )


def _weighed(form: Form, question: Question, language: str, parts_of: Callable[[str], int]) -> QuestionWeight:
    label = label_in(question.labels, language, form.default_language)
    options = [label_in(one.labels, language, form.default_language) or one.name for one in question.choices]
    text = "\n".join([label, *(f"{number}. {option}" for number, option in enumerate(options, start=1))])
    return QuestionWeight(question.path, len(label), len(text), len(text.encode()), parts_of(text))


def _messages(node: Node, *, is_shortest: bool) -> Iterator[str]:
    """Yield what is a message of its own: a question, a page, "another one?"; notes go with the next."""
    if is_shortest and (node.relevant is not None or node.count is not None):
        return
    question = node.question
    if question is not None and question.type not in ("note", "another"):
        yield question.page or f"{question.path} "
    for child in node.children:
        yield from _messages(child, is_shortest=is_shortest)
    if node.kind is Kind.REPEAT and node.count is None:
        yield f"{node.path} again"
