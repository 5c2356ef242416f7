"""XLSForm files read in a process of their own, with little memory and time: they are anybody's files."""

import base64
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from bot.forms.attached import NO_FILES
from bot.forms.building import open_form
from bot.forms.form import Form, FormError
from bot.forms.outline import Outline, outline_of
from bot.forms.read import Reading
from bot.forms.sizes import file_problems, reader_stopped, took_too_much
from bot.sentence import again
from bot.values import Problem
from griot.reader import MEMORY, PATIENCE, SECONDS

Key: TypeAlias = tuple[str, bytes, frozenset[tuple[str, bytes]]]  # a file's name and content, lists beside it

MOST_KNOWN = 32  # files: more than a programme has
_known: dict[Key, Reading] = {}


def read_once(files: Mapping[str, bytes], attached: Mapping[str, bytes] = NO_FILES) -> dict[str, Reading]:
    """Return what each file is; those that this process read lately and took are not read again.

    A programme asks for its forms when it is checked and when it is loaded; a preview at each look. What was
    refused is read again: the machine may have been too busy for it.
    """
    beside = frozenset(attached.items())
    keys: dict[str, Key] = {name: (name, content, beside) for name, content in files.items()}
    found = {name: reading for name, key in keys.items() if (reading := _known.get(key))}
    found |= read_apart({name: files[name] for name in files if name not in found}, attached)
    for name, reading in found.items():
        if reading.form is not None:
            _known[keys[name]] = reading
    for key in list(_known)[:-MOST_KNOWN]:
        _known.pop(key, None)
    return {name: found[name] for name in files}


def read_one(file: bytes, name: str, attached: Mapping[str, bytes] = NO_FILES) -> Form:
    """Return the form of one file; raise FormError with all that is wrong."""
    reading = read_once({name: file}, attached)[name]
    if reading.form is None:
        raise FormError(reading.problems, reading.outline)
    return reading.form


def read_apart(
    files: Mapping[str, bytes], attached: Mapping[str, bytes] = NO_FILES, seconds: int = SECONDS
) -> dict[str, Reading]:
    """Return what each file is, read in another process; one that kills it is refused, the others are not.

    `seconds` of the processor are what each process may use.
    """
    found = {
        name: Reading(None, problems)
        for name, content in files.items()
        if (problems := tuple(file_problems(content, name)))
    }
    left = [name for name in files if name not in found]
    while left:
        done, end = _run({name: files[name] for name in left}, attached, seconds)
        found |= done
        if not done and end is not None:
            found[left[0]] = Reading(None, (end,))
        left = [name for name in left if name not in found]
    return found


def _run(
    files: Mapping[str, bytes], attached: Mapping[str, bytes], seconds: int
) -> tuple[dict[str, Reading], Problem | None]:
    """Return what the process told before it ended, and why it ended early."""
    asked = json.dumps([_written(files), _written(attached)])
    started = subprocess.Popen(  # noqa: S603 - our own module and a number
        [sys.executable, "-I", "-m", "griot.reader", str(seconds)],  # -I: nothing of the folder is imported
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},  # no secret of ours
    )
    try:
        told, _ = started.communicate(asked.encode(), timeout=PATIENCE)
        is_late = False
    except subprocess.TimeoutExpired:
        started.kill()
        told, _ = started.communicate()
        is_late = True
    done = {name: reading for line in told.splitlines() for name, reading in _unpacked(line)}
    if not is_late and started.returncode == 0:
        return done, None if done else reader_stopped()
    return done, took_too_much(seconds, MEMORY)


def _written(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(content).decode() for name, content in files.items()}


def _unpacked(line: bytes) -> Iterator[tuple[str, Reading]]:
    with contextlib.suppress(ValueError):  # cut off by the end of the process
        told = json.loads(line)
        form = told["form"]
        yield (
            told["name"],
            Reading(
                None if form is None else _opened(form),
                tuple(_problem(each) for each in told["problems"]),
                None if told["outline"] is None else _outline(told["outline"]),
                tuple(told["attached"]),
            ),
        )


def _opened(told: Any) -> Form:
    return replace(open_form(told["source"]), warnings=tuple(_text(each) for each in told["warnings"]))


def _problem(told: Any) -> Problem:
    return Problem(told["code"], told["where"], _text(told["mend"]), _text(told["message"]))


def _outline(told: Any) -> Outline:
    choices = {path: None if names is None else tuple(names) for path, names in told["choices"].items()}
    return outline_of(
        choices, tuple((place, texts) for place, texts in told["texts"]), frozenset(told["names"])
    )


def _text(told: Any) -> str:
    if isinstance(told, str):
        return told
    parts = {name: _text(part) if isinstance(part, dict) else part for name, part in told["parts"].items()}
    return again(told["sentence"], parts)
