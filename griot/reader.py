"""The process that reads form files: files on standard input, what they are on standard output.

`griot.reading` starts it, with the seconds it may use. It imports little before a file seems worth it.
"""

import base64
import contextlib
import gc
import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from bot.forms.sizes import content_problems
from bot.sentence import Sentence
from bot.values import Problem

if TYPE_CHECKING:
    from bot.forms.read import Reading

MEMORY = 512  # MB that the process may address
SECONDS = 10  # of the processor that it may use
PATIENCE = 30  # seconds that it may last, where others use the processor too
LONGEST_WORD = 300  # characters of a part of a sentence: cells can hold megabytes

_RARELY = 50_000  # objects between two looks for garbage: half the time of the imports is saved


def main() -> None:
    """Read the files named on standard input; print a line of JSON for each as soon as it is read."""
    _limit(int(sys.argv[1]))
    gc.set_threshold(_RARELY)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the reader prints is none of the answer
    files, attached = (_read(each) for each in json.load(sys.stdin.buffer))
    for name, content in files.items():
        told = _told(content, name, attached)
        out.write(json.dumps({"name": name, **told}).encode() + b"\n")
        out.flush()
    gc.freeze()  # the end of the process need not look for any


def _limit(seconds: int) -> None:
    import resource

    for limit, most in ((resource.RLIMIT_AS, MEMORY << 20), (resource.RLIMIT_CPU, seconds)):
        with contextlib.suppress(ValueError, OSError):  # macOS has no limit of addresses
            resource.setrlimit(limit, (most, most))


def _read(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: base64.b64decode(content) for name, content in files.items()}


def _told(content: bytes, name: str, attached: Mapping[str, bytes]) -> dict[str, Any]:
    if problems := tuple(content_problems(content, name)):
        return {"form": None, "problems": _faults(problems), "attached": (), "outline": None}
    from bot.forms.read import read_file  # most of a second: not for what is refused by its size

    return _packed(read_file(content, name, attached))


def _packed(reading: "Reading") -> dict[str, Any]:
    form, outline = reading.form, reading.outline
    return {
        "form": None
        if form is None
        else {"source": form.source, "warnings": [_words(one) for one in form.warnings]},
        "problems": _faults(reading.problems),
        "attached": reading.attached,
        "outline": None
        if outline is None
        else {"choices": outline.choices, "texts": outline.texts, "names": sorted(outline.names)},
    }


def _faults(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [
        {"code": one.code, "where": one.where, "mend": _words(one.mend), "message": _words(one.message)}
        for one in problems
    ]


def _words(text: object) -> Any:
    if isinstance(text, Sentence):
        return {"sentence": text.template, "parts": {name: _words(part) for name, part in text.parts.items()}}
    if isinstance(text, str):
        return text if len(text) <= LONGEST_WORD else f"{text[:LONGEST_WORD]}…"
    return text if isinstance(text, int | float) else str(text)


if __name__ == "__main__":
    main()
