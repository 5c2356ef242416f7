"""Error pages, in the reader's language."""

import logging

from flask import Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as WaitedTooLong
from werkzeug.exceptions import HTTPException

RETRY_AFTER = "5"  # seconds

log = logging.getLogger(__name__)


def show_errors(app: Flask, machines: frozenset[str]) -> None:
    """Answer every error of a page with a page; the named blueprints talk to programs and get it plain."""

    @app.errorhandler(HTTPException)
    def show(error: HTTPException) -> HTTPException | tuple[str, int]:
        if request.blueprint in machines or error.code is None or error.code < 400:
            return error
        return page(error.code, is_stale=isinstance(error, CSRFError))

    @app.errorhandler(OperationalError)
    @app.errorhandler(WaitedTooLong)
    def ask_again(error: OperationalError | WaitedTooLong) -> Response:
        log.error("the database is unavailable", exc_info=error)
        is_machine = request.blueprint in machines
        answer = make_response(("the database is unavailable\n", 503) if is_machine else page(503))
        answer.headers["Retry-After"] = RETRY_AFTER
        return answer


def page(code: int, *, is_stale: bool = False) -> tuple[str, int]:
    """Return the page for this status; `is_stale`: the form belongs to a session that has ended."""
    is_step = request.method == "POST"
    return render_template("error.html", code=code, is_stale=is_stale, is_step=is_step), code
