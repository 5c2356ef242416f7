"""What pyxform says of a form, in our sentences, so that officers read it in their language."""

import re

from bot.sentence import Sentence, filled, sentence

# Beginnings of pyxform 4.5's messages, and our sentence; a group of the pattern is a part of it.
_KNOWN: tuple[tuple[str, Sentence], ...] = (
    (
        r"On the '\w+' sheet, the '\w+' value '(?P<name>.*?)' is invalid. Questions, groups",
        sentence("The name {name} is taken.", name="{name}"),
    ),
    (
        r"On the '\w+' sheet, the '\w+' value '(?P<name>.*?)' is invalid. Repeat names must not be",
        sentence("The repeat {name} has the name of the form itself.", name="{name}"),
    ),
    (
        r"On the '\w+' sheet, the '\w+' value '(?P<name>.*?)' is invalid. Repeat names must unique",
        sentence("Another repeat is named {name}.", name="{name}"),
    ),
    (
        r"On the '\w+' sheet, the 'name' value 'meta' is invalid",
        sentence("The name {name} is taken.", name="meta"),
    ),
    (
        r"On the '\w+' sheet, the '\w+' value '(?P<name>.*?)' is problematic. The name is a case-insensitive",
        sentence("Another question has the name {name}, but for capital letters.", name="{name}"),
    ),
    (
        r"On the 'choices' sheet, the 'name' value is invalid. Choices must have a name",
        sentence("The choice has no name."),
    ),
    (
        r"On the 'choices' sheet, the 'name' value is invalid. Choice names must be unique",
        sentence("The list has a choice of this name already."),
    ),
    (
        r"On the 'choices' sheet, the 'label' value is invalid. Choices should have a label",
        sentence("The choice has no label."),
    ),
    (
        r"(?:On the '\w+' sheet, the '\w+'|The '(?P<name>.*?)') value is invalid. Names must begin with",
        sentence("A name begins with a letter or “_”; then letters, digits, “_”, “-” and “.” only."),
    ),
    (
        r"On the '\w+' sheet, the '\w+' value is invalid. Reference variables must start",
        sentence("A reference is written as ${{name}}."),
    ),
    (
        r"On the '\w+' sheet, the '\w+' value is invalid. Reference variable lists must have a comma",
        sentence("References in a list need commas between them."),
    ),
    (
        r"On the '\w+' sheet, the '\w+' value is invalid. Ref.* Could not find the name '(?P<name>.*?)'",
        sentence("No question is named {name}.", name="{name}"),
    ),
    (
        r"On the '\w+' sheet, the '\w+' value is invalid. Ref.* names .* The name '(?P<name>.*?)'",
        sentence("Several questions are named {name}.", name="{name}"),
    ),
    (
        r"There is no survey element named '(?P<name>.*?)'",
        sentence("No question is named {name}.", name="{name}"),
    ),
    (
        r"There are multiple survey elements named '(?P<name>.*?)'",
        sentence("Several questions are named {name}.", name="{name}"),
    ),
    (r"Unmatched 'end_(?P<what>\w+)'", sentence("{what} ends nothing.", what="end_{what}")),
    (r"Unmatched 'begin_(?P<what>\w+)'", sentence("The {what} never ends.", what="{what}")),
    (r"Unknown question type '(?P<name>.*?)'", sentence("{name} is not a type.", name="{name}")),
    (r"Question with no type", sentence("The row has no type.")),
    (r"Question or group with no name", sentence("The row has no name.")),
    (r"Missing calculation", sentence("The row computes nothing.")),
    (
        r"(?:There should be a choices sheet|Please ensure that the choices sheet)",
        sentence("The form has no sheet choices."),
    ),
    (
        r"List name not in (?:external )?choices sheet: (?P<name>\S+)",
        sentence("There is no list of choices named {name}.", name="{name}"),
    ),
    (
        r"Choice names with spaces cannot .* See \[(?P<name>.*?)\] in \[(?P<list>.*?)\]",
        sentence(
            "{name} holds a space, and the list {list} is of several choices.", name="{name}", list="{list}"
        ),
    ),
    (
        r"Choice filter not supported with or_other",
        sentence("A choice_filter and or_other do not go together."),
    ),
    (r"Please specify choices for this 'or other'", sentence("A question with or_other needs choices.")),
    (
        r"(?:[^.]*\. )?When looking for a sheet named '(?P<sheet>.*?)', .* found: (?P<names>'.*?')\.",
        sentence(
            "The form has no sheet {sheet}. Is it one of these: {names}?", sheet="{sheet}", names="{names}"
        ),
    ),
    (r"There should be an external_choices sheet", sentence("The form has no sheet external_choices.")),
    (
        r"The question \$\{(?P<name>.*?)\} is not user-visible",
        sentence("{name} is never asked, so it starts no calculation.", name="{name}"),
    ),
    (
        r"You must have a sheet named 'survey'|.*(?:The survey sheet is either empty or missing)",
        sentence("The form has no sheet survey."),
    ),
    (
        r"Invalid headers .* sheet: '(?P<sheet>.*?)'. Headers that .*: '(?P<one>.*?)', '(?P<two>.*?)'",
        sentence(
            "The sheet {sheet} has the columns {one} and {two}, which mean the same.",
            sheet="{sheet}",
            one="{one}",
            two="{two}",
        ),
    ),
    (
        r"Invalid headers provided for sheet: '(?P<sheet>.*?)'. One or more .* not found: (?P<names>[^.]*)",
        sentence("The sheet {sheet} lacks the columns {names}.", sheet="{sheet}", names="{names}"),
    ),
    (
        r"Invalid headers provided for sheet: '(?P<sheet>.*?)'",
        sentence("The sheet {sheet} has no row of column names.", sheet="{sheet}"),
    ),
    (r"Duplicate column header: (?P<name>.*)", sentence("The column {name} is there twice.", name="{name}")),
    (
        r"On the 'survey' sheet, the 'parameters' value is invalid. Parameters must be",
        sentence("Parameters are written as key=value, with a space between two."),
    ),
    (
        r"On the 'survey' sheet, .* The accepted parameter keys .* '(?P<known>.*?)'. .*: '(?P<names>.*?)'",
        sentence(
            "The parameters {names} are not known here; these are: {known}.", names="{names}", known="{known}"
        ),
    ),
    (
        r"On the 'survey' sheet, .* For the 'range' question type, .* parameter '(?P<name>.*?)'",
        sentence("The parameter {name} of a range does not fit its start, end and step.", name="{name}"),
    ),
    *(
        (pattern, sentence("The parameter {name} has a value that is not allowed.", name="{name}"))
        for pattern in (
            r"Invalid value for (?P<name>quality)",
            r"Parameter (?P<name>[\w-]+) must",
            r"(?P<name>[\w-]+) must be set to ",
            r"(?P<name>seed) value must be",
            r"Parameters must include randomize=true to use a (?P<name>seed)",
            r"On the 'survey' sheet, the 'parameters' value is invalid. The '(?P<name>[\w-]+)' parameter",
        )
    ),
    (
        r"To include location information in the audit, (?P<names>'.*') are required",
        sentence("These parameters go together: {names}.", names="{names}"),
    ),
    (r"Audits must always be named", sentence("An audit is named audit. Leave its name blank.")),
    (
        r"File name for '(?P<name>.*?)' should end with one of .* extensions: (?P<known>.*)",
        sentence("The name of the file ends with one of these: {known}.", known="{known}"),
    ),
    (
        r"(?:Instance names must be unique|The same instance id will).*?[Nn]ame:? '(?P<name>.*?)'",
        sentence("Several lists or files are named {name}.", name="{name}"),
    ),
    (
        r"Media type: (?P<name>.*) not supported",
        sentence("The column media::{name} is not known; write media::image, audio or video.", name="{name}"),
    ),
    (
        r"On the '\w+' sheet, (?:the 'save_to' value|the entity declaration|one or more column names)",
        sentence("The declaration of entities is wrong; Griot needs none."),
    ),
)
# Beginnings of its warnings; None for advice that concerns no chat, or that `griot form check` gives itself.
_WARNINGS: tuple[tuple[str, Sentence | None], ...] = (
    (r"Use the max-pixels parameter", None),
    (r"Language '.*?' is missing the ", None),
    (r"(?:simserial|subscriberid) is no longer supported", None),
    (r"The 'disabled' column header", None),
    (r"The form_id and id_string column headers", None),
    (r"Row without name, text, or label", None),
    (r"On the 'choices' sheet, the 'label' value is invalid", sentence("The choice has no label.")),
    (
        r"On the 'choices' sheet, the '.*?' value is invalid. Column headers must not be empty",
        sentence("A column with an empty name, or a space in its name, is not read."),
    ),
    (r"(?:Repeat|Group) has no label", sentence("The group or repeat has no label.")),
    (
        r"This form uses or_other and translations",
        sentence("or_other adds a choice and a question that are not translated."),
    ),
    (
        r"The following language declarations .*? codes: (?P<names>.*?)\. Learn",
        sentence("Languages without a code: {names}. Write them as in Français (fr).", names="{names}"),
    ),
)
_PATTERNS = tuple((re.compile(pattern), known) for pattern, known in _KNOWN)
_ADVICE = tuple((re.compile(pattern), known) for pattern, known in _WARNINGS)


def told(message: str) -> Sentence:
    """Return what the reader says as a sentence of ours; one that is not known is quoted."""
    for pattern, known in _PATTERNS:
        if found := pattern.match(message):
            return filled(known, found.groupdict(""))
    return sentence("The reader of XLSForms says: {message}", message=message[:500])


def advised(message: str) -> Sentence | None:
    """Return a warning of the reader as a sentence of ours, or None for one that need not be told."""
    for pattern, known in _ADVICE:
        if found := pattern.match(message):
            return None if known is None else filled(known, found.groupdict(""))
    return told(message)
