"""PostgreSQL's connections: few, none waits for ever, and one that rested is tried before it is used."""

from collections.abc import Callable
from math import isinf
from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from models.patience import seconds_left

KEPT = 4  # connections that stay open: each is a process of the server
RESTED = (
    1.0  # seconds without use after which a connection is tried: a way to the server each time would cost
)
LIMITS = (
    "SET lock_timeout = '5s'; SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '20s'"
)
CONNECT = (2, 5)  # seconds at least and at most; the driver takes no less than two


class Connection(psycopg.Connection[Any]):
    """A connection that gives up on a server that is there and does not answer.

    Neither statement_timeout (kept by the server) nor tcp_user_timeout (the system of a frozen server still
    acknowledges) ends such a wait.
    """

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Return what the server answers; close and raise OperationalError when the time is over."""
        patience = seconds_left() if timeout is None else timeout
        try:
            return super().wait(gen, interval, None if isinf(patience) else patience)
        except psycopg.errors._WaitTimeout:
            self.close()  # it cannot be used again: the answer may still come
            raise psycopg.OperationalError("the server does not answer") from None


def connect(*arguments: Any, **options: Any) -> Connection:
    """Return a connection; raise OperationalError when the server does not answer in time."""
    least, most = CONNECT
    options["connect_timeout"] = int(max(least, min(most, seconds_left())))
    return Connection.connect(*arguments, **options)


def open_engine(url: URL, connections: int, patience: float, as_json: Callable[[object], str]) -> Engine:
    """Return an engine of so many connections at most; who finds none free within `patience` s gives up."""
    kept = min(connections, KEPT)
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_size=kept,
        max_overflow=connections - kept,
        pool_timeout=patience,
        json_serializer=as_json,
        hide_parameters=True,  # an error's words never hold what people wrote
    )

    @event.listens_for(engine, "do_connect")
    def open_connection(_dialect: object, _record: object, arguments: Any, options: Any) -> Any:
        return connect(*arguments, **options)

    @event.listens_for(engine, "connect")
    def limit_waits(connection: Any, _record: object) -> None:
        connection.execute(LIMITS)
        connection.commit()

    @event.listens_for(engine, "checkin")
    def note_use(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[USED] = monotonic()

    @event.listens_for(engine, "checkout")
    def try_rested(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info.get(USED, monotonic()) < monotonic() - RESTED:
            try:
                engine.dialect.do_ping(connection)
            except psycopg.Error as error:  # the server was started anew: none of the pool is any good
                raise InvalidatePoolError from error

    return engine


USED = "used"
