"""The web application, put together from its parts."""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, request
from flask_wtf.csrf import CSRFProtect
from gunicorn.http.errors import ParseException

from console import attention, cities, errors, form_preview, guard, media, pages, signin, simulator
from console.parts import Parts
from models.patience import within

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

log = logging.getLogger(__name__)

PAGE_BYTES = 1 << 20
PATIENCE = 10.0  # seconds that a request waits for the database


class _Site(Flask):
    """Flask, but for what it logs of a request that raised: the path may hold a token."""

    def log_exception(self, exc_info: "ExcInfo") -> None:
        """Log by the route's name what a request raised."""
        told = {"route": request.endpoint, "method": request.method}
        log.error("a request raised", exc_info=exc_info[1], extra=told)


def create_app(
    parts: Parts,
    *,
    secret_key: str,
    base_url: str,
    former_keys: Sequence[str] = (),
    machines: Sequence[Blueprint] = (),
    around: "Callable[[WSGIApplication], WSGIApplication] | None" = None,
) -> Flask:
    """Return the application: the console's pages, and the blueprints whose callers are programs.

    Those (`machines`: health, metrics) authenticate each request themselves: no cookie, no CSRF. `around`
    takes what providers post, before anything of the framework.
    """
    app = _Site("griot", static_folder=None)
    app.config.update(
        SECRET_KEY=secret_key,
        SECRET_KEY_FALLBACKS=list(former_keys),
        SEND_FILE_MAX_AGE_DEFAULT=guard.YEAR,
        MAX_CONTENT_LENGTH=PAGE_BYTES,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # our pages send no referrer; the origin is checked instead
        **guard.cookies(base_url),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    programs = frozenset(room.name for room in machines)
    _find_reader_first(app, parts, programs)
    _allow_uploads(app)
    guard.guard(app, base_url, programs)
    tokens = CSRFProtect(app)
    for room in machines:
        app.register_blueprint(room)
        tokens.exempt(room)
    _add_console(app, parts)
    errors.show_errors(app, programs)
    _refuse_broken_bodies(app)
    _bound_waits(app)
    if around is not None:
        app.wsgi_app = around(app.wsgi_app)  # type: ignore[method-assign, assignment]  # as above
    return app


def _find_reader_first(app: Flask, parts: Parts, programs: frozenset[str]) -> None:
    """Know who reads before anything is refused: refusals speak their language too."""

    @app.before_request
    def find_reader() -> None:
        if request.blueprint not in programs and request.endpoint != pages.STATIC_FILES:
            pages.find_reader(parts)


def _allow_uploads(app: Flask) -> None:
    """Let files be larger than other bodies; before the check of the CSRF token, which reads the body."""
    most = {form_preview.UPLOAD: form_preview.MOST_BYTES, simulator.HEAR: simulator.MOST_OF_REQUEST}

    @app.before_request
    def allow() -> None:
        if request.endpoint in most:
            request.max_content_length = most[request.endpoint]


def _refuse_broken_bodies(app: Flask) -> None:
    """Answer 400 where the chunks of a body cannot be told apart (RFC 9112, section 7.1)."""

    @app.errorhandler(ParseException)
    def refuse(_error: ParseException) -> Response:
        return Response("the body cannot be read\n", 400, mimetype="text/plain")


def _bound_waits(app: Flask) -> None:
    """Let no request wait for ever for a database that hangs: sixteen such, and nobody is served."""
    inner = app.wsgi_app

    def bounded(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with within(PATIENCE):
            return inner(environ, start_response)

    app.wsgi_app = bounded  # type: ignore[method-assign]  # Flask's own way to wrap an application


def _add_console(app: Flask, parts: Parts) -> None:
    app.register_blueprint(pages.assets())
    for each in (signin, cities, attention, media):
        app.register_blueprint(each.rooms(parts))
    if parts.is_demo:
        app.register_blueprint(simulator.rooms(parts))
        app.register_blueprint(form_preview.rooms(parts))
    app.jinja_env.filters["unbroken"] = pages.unbroken
    app.context_processor(partial(pages.context, parts))
