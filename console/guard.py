"""What keeps other sites out: headers, cookies and the origin of each change."""

from urllib.parse import urlsplit

from flask import Flask, abort, request
from werkzeug.wrappers import Response

from console.pages import STATIC_FILES

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
YEAR = 365 * 24 * 3600  # seconds


def is_secure(base_url: str) -> bool:
    """Tell whether this address is https; only a loopback host may do without."""
    return urlsplit(base_url).scheme == "https"


def cookies(base_url: str) -> dict[str, object]:
    """Return Flask's cookie settings; `__Host-` needs https (RFC 6265bis, section 4.1.3.2)."""
    secure = is_secure(base_url)
    return {
        "SESSION_COOKIE_NAME": "__Host-griot" if secure else "griot",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
    }


def guard(app: Flask, base_url: str, exempt: frozenset[str]) -> None:
    """Check the origin of every change, but for the exempt blueprints; put the headers on every answer."""
    secure = is_secure(base_url)

    @app.before_request
    def check_origin() -> None:
        if request.method == "POST" and request.blueprint not in exempt and not _is_ours(base_url):
            abort(403)

    @app.after_request
    def put_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if secure:
            response.headers["Strict-Transport-Security"] = f"max-age={YEAR}"
        if request.endpoint != STATIC_FILES:
            response.headers["Cache-Control"] = "no-store"
        return response


def _is_ours(base_url: str) -> bool:
    """Tell whether the page that sent this request is ours.

    Under `no-referrer` browsers send `Origin: null` from our own forms (Fetch, 3.2 `Origin` header); then
    `Sec-Fetch-Site` tells. A request without an origin comes from no page; the CSRF token decides alone.
    """
    origin = request.headers.get("Origin")
    match origin:
        case None:
            return True
        case "null":
            return request.headers.get("Sec-Fetch-Site") == "same-origin"
        case _:
            return origin in _origins(base_url)


def _origins(base_url: str) -> set[str]:
    parts = urlsplit(base_url)
    ours = {f"{parts.scheme}://{parts.netloc}"}
    return ours if is_secure(base_url) else ours | {f"http://{request.host}"}
