"""A question answered in a child process, so that this one holds nothing of what the answer takes."""

import json
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import click

from griot.commands.refusals import BadInput, Failed


def asked_apart(question: Callable[[], Any]) -> Any:
    """Return what `question` returns, a value of JSON; raise BadInput or Failed, or exit where it broke.

    Only where no thread runs yet: the child is a fork.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _answer(question, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not said:
        sys.exit(code or 1)  # the child has printed why
    answer, refusal = json.loads(said)
    if refusal is not None:
        raise (BadInput if code == BadInput.exit_code else Failed)(refusal)
    return answer


def _answer(question: Callable[[], Any], writing: int) -> NoReturn:
    code = 1
    try:
        said: tuple[Any, str | None] = (None, None)
        try:
            said, code = (question(), None), 0
        except click.ClickException as error:
            said, code = (None, error.format_message()), error.exit_code
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(json.dumps(said).encode())
    except Exception:  # noqa: BLE001 - whatever it is, it is printed
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)  # without the end of this process, which is the parent's
