"""Error pages, in the reader's language."""

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException


def show_errors(app: Flask, machines: frozenset[str]) -> None:
    """Answer every error of a page with a page; the named blueprints talk to programs and get it plain."""

    @app.errorhandler(HTTPException)
    def show(error: HTTPException) -> HTTPException | tuple[str, int]:
        if request.blueprint in machines or error.code is None or error.code < 400:
            return error
        return page(error.code, is_stale=isinstance(error, CSRFError))


def page(code: int, *, is_stale: bool = False) -> tuple[str, int]:
    """Return the page for this status; `is_stale`: the form belongs to a session that has ended."""
    return render_template("error.html", code=code, is_stale=is_stale), code
