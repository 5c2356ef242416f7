"""`search('towns', 'matches', 'country', ${country})` in an appearance: options from an attached file.

Source: XLSForm reference, "Dynamic selects from pre-loaded data".
"""

from collections.abc import Mapping

from bot.forms.rewriting import ExpressionError, tokens
from bot.forms.xform import element_name

_SAME = "'matches'"
_FINDS: Mapping[str, str] = {
    "matches": "{column} = {value}",
    "contains": "contains({column}, {value})",
    "startswith": "starts-with({column}, {value})",
    "endswith": "ends-with({column}, {value})",
}


def nodeset_of(appearance: str) -> str:
    """Return the rows that the search() of an appearance finds, as an expression; "" where it is none."""
    match _arguments(appearance):
        case [name]:
            return _rows(name)
        case [name, how, column, value] if _plain(how) in _FINDS:
            return f"{_rows(name)}[{_condition(how, column, value)}]"
        case [name, how, column, value, other, same] if _plain(how) in _FINDS:
            both = f"{_condition(how, column, value)} and {_condition(_SAME, other, same)}"
            return f"{_rows(name)}[{both}]"
    return ""


def _rows(name: str) -> str:
    return f"instance('{_plain(name).removesuffix('.csv')}')/root/item"


def _condition(how: str, column: str, value: str) -> str:
    seen = f"current()/{value}" if value.startswith("..") else value  # of the question, not of the row
    return _FINDS[_plain(how)].format(column=element_name(_plain(column)), value=seen)


def _plain(literal: str) -> str:
    return literal[1:-1].strip() if literal[:1] in ("'", '"') else ""


def _arguments(appearance: str) -> list[str]:
    """Return the arguments of search() as written, [] where they cannot be told."""
    try:
        words = tokens(appearance)
    except ExpressionError:
        return []
    at = next((n for n, word in enumerate(words) if word == ("name", "search")), len(words))
    arguments: list[list[str]] = [[]]
    depth = 0
    for _, text in words[at + 1 :]:
        depth += (text == "(") - (text == ")")
        if depth == 0:
            return [" ".join(each) for each in arguments]
        if text == "," and depth == 1:
            arguments.append([])
        elif text != "(" or depth > 1:
            arguments[-1].append(text)
    return []
