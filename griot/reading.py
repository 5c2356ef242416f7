"""XLSForm files read in a process of their own, with little memory and time: they are anybody's files.

`python -m griot.reading` is that process: files on standard input, what they are on standard output.
"""

import base64
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot.forms.attached import NO_FILES
from bot.forms.building import open_form
from bot.forms.form import Form, FormError
from bot.forms.outline import Outline, outline_of
from bot.forms.read import Reading, read_file
from bot.forms.sizes import file_problems, reader_stopped, took_too_much
from bot.sentence import Sentence, again
from bot.values import Problem

MEMORY = 512  # MB that the process may address
SECONDS = 10  # that it may compute, and that it may last
LONGEST_WORD = 300  # characters of a part of a sentence: cells can hold megabytes


class FileReader:
    """Reads form files, each only once: a programme asks for its forms when it is checked and when loaded."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._known: dict[tuple[str, bytes], Reading] = {}

    def __call__(
        self, files: Mapping[str, bytes], attached: Mapping[str, bytes] = NO_FILES
    ) -> dict[str, Reading]:
        """Return what each file is."""
        left = {name: content for name, content in files.items() if (name, content) not in self._known}
        for name, reading in read_apart(left, attached).items():
            self._known[name, files[name]] = reading
        return {name: self._known[name, content] for name, content in files.items()}


def read_one(file: bytes, name: str, attached: Mapping[str, bytes] = NO_FILES) -> Form:
    """Return the form of one file; raise FormError with all that is wrong."""
    reading = read_apart({name: file}, attached)[name]
    if reading.form is None:
        raise FormError(reading.problems, reading.outline)
    return reading.form


def read_apart(files: Mapping[str, bytes], attached: Mapping[str, bytes] = NO_FILES) -> dict[str, Reading]:
    """Return what each file is, read in another process; one that kills it is refused, the others are not."""
    found = {
        name: Reading(None, problems)
        for name, content in files.items()
        if (problems := tuple(file_problems(content, name)))
    }
    left = [name for name in files if name not in found]
    while left:
        done, end = _run({name: files[name] for name in left}, attached)
        found |= done
        if not done and end is not None:
            found[left[0]] = Reading(None, (end,))
        left = [name for name in left if name not in found]
    return found


def _run(
    files: Mapping[str, bytes], attached: Mapping[str, bytes]
) -> tuple[dict[str, Reading], Problem | None]:
    """Return what the process told before it ended, and why it ended early."""
    asked = json.dumps([_written(files), _written(attached)])
    started = subprocess.Popen(
        [sys.executable, "-I", "-m", "griot.reading"],  # -I: nothing of the working folder is imported
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},  # no secret of ours
    )
    try:
        told, _ = started.communicate(asked.encode(), timeout=SECONDS)
        is_late = False
    except subprocess.TimeoutExpired:
        started.kill()
        told, _ = started.communicate()
        is_late = True
    done = {name: reading for line in told.splitlines() for name, reading in _unpacked(line)}
    if not is_late and started.returncode == 0:
        return done, None if done else reader_stopped()
    return done, took_too_much(SECONDS, MEMORY)


def _written(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(content).decode() for name, content in files.items()}


def _read(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: base64.b64decode(content) for name, content in files.items()}


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


# -- in the process itself


def main() -> None:
    """Read the files named on standard input; print a line of JSON for each as soon as it is read."""
    _limit()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the reader prints is none of the answer
    files, attached = (_read(each) for each in json.load(sys.stdin.buffer))
    for name, content in files.items():
        reading = read_file(content, name, attached)
        out.write(json.dumps({"name": name, **_packed(reading)}).encode() + b"\n")
        out.flush()


def _limit() -> None:
    import resource

    for limit, most in ((resource.RLIMIT_AS, MEMORY << 20), (resource.RLIMIT_CPU, SECONDS)):
        with contextlib.suppress(ValueError, OSError):  # macOS has no limit of addresses
            resource.setrlimit(limit, (most, most))


def _packed(reading: Reading) -> dict[str, Any]:
    form, outline = reading.form, reading.outline
    return {
        "form": None
        if form is None
        else {"source": form.source, "warnings": [_words(one) for one in form.warnings]},
        "problems": [
            {"code": one.code, "where": one.where, "mend": _words(one.mend), "message": _words(one.message)}
            for one in reading.problems
        ],
        "attached": reading.attached,
        "outline": None
        if outline is None
        else {"choices": outline.choices, "texts": outline.texts, "names": sorted(outline.names)},
    }


def _words(text: object) -> Any:
    if isinstance(text, Sentence):
        return {"sentence": text.template, "parts": {name: _words(part) for name, part in text.parts.items()}}
    if isinstance(text, str):
        return text if len(text) <= LONGEST_WORD else f"{text[:LONGEST_WORD]}…"
    return text if isinstance(text, int | float) else str(text)


if __name__ == "__main__":
    main()
