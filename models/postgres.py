"""PostgreSQL's connections: none waits for ever."""

from math import isinf
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

from models.patience import seconds_left

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
