"""Whether Griot lives, whether it is ready, and its figures."""

import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from bot.values import Clock
from griot import metrics
from griot.schema import Standing, standing
from models.db import Store, read
from models.worker import last_beat

FRESH = timedelta(seconds=60)  # age of a worker's heartbeat


def health(store: Store, clock: Clock, tokens: Sequence[str], channels: Iterable[str] = ()) -> Blueprint:
    """Return the routes /healthz, /readyz and /metrics (Bearer one of `tokens`, when there are any)."""
    rooms = Blueprint("health", __name__)
    kept = metrics.Kept()

    @rooms.get("/healthz")
    def alive() -> Response:
        return jsonify(ok=True)

    @rooms.get("/readyz")
    def ready() -> tuple[Response, int]:
        reasons = _reasons(store, clock())
        return jsonify(ok=not reasons, reasons=reasons), 503 if reasons else 200

    @rooms.get("/metrics")
    def figures() -> Response:
        if tokens and not _is_bearer(tokens):
            return Response("Bearer token wanted\n", 401, {"WWW-Authenticate": "Bearer"})
        try:
            text = metrics.render(store, kept, clock(), channels)
        except SQLAlchemyError:
            return Response("the database is unavailable\n", 503)
        return Response(text, mimetype="text/plain; version=0.0.4")

    return rooms


def _reasons(store: Store, at: datetime) -> list[str]:
    """Return why requests should go elsewhere."""
    try:
        found = standing(store)
        seen = read(store, last_beat) if found == Standing.CURRENT else None
    except SQLAlchemyError:
        return ["the database is unreachable"]
    if found != Standing.CURRENT:
        return [f"the schema is {found}"]
    if seen is None or at - seen > FRESH:
        return ["no worker was seen in the last 60 seconds"]
    return []


def _is_bearer(tokens: Sequence[str]) -> bool:
    given = request.headers.get("Authorization", "").encode("utf-8", "surrogatepass")
    return any(hmac.compare_digest(given, f"Bearer {token}".encode()) for token in tokens)
