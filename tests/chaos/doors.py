"""Webhooks as providers post them: again until they are accepted, some in several copies, old ones anew."""

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from tests.site import SECRET

TELEGRAM = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": SECRET}
PATIENCE = 180.0  # seconds until an update must have been accepted
LONGEST = 20.0  # seconds for one request
COPIES = 0.06  # of the updates come in several copies at once
NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One webhook."""

    path: str
    body: bytes
    headers: Mapping[str, str]


@dataclass
class Doors:
    """The web processes, as a provider knows them. Threads share one."""

    urls: Sequence[str]
    chance: random.Random
    accepted: list[Request] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)  # how often each status was seen
    seconds: list[float] = field(default_factory=list)  # of each request that was answered
    copies: int = 0

    def telegram(self, body: bytes) -> tuple[int, bytes]:
        """Post an update of Telegram's until it is accepted."""
        return self._deliver(Request("/webhooks/telegram", body, TELEGRAM))

    def twilio(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Post a webhook of Twilio's until it is accepted."""
        return self._deliver(Request(path, body, headers))

    def replay(self, requests: Sequence[Request]) -> None:
        """Post these again: nothing may come of it."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.insist, requests))

    def insist(self, request: Request) -> None:
        """Post until the answer is 2xx; raise TimeoutError when it never is."""
        until = time.monotonic() + PATIENCE
        while not 200 <= self.post(request) < 300:
            if time.monotonic() > until:
                raise TimeoutError(f"never accepted; so far {dict(self.answers)}")
            time.sleep(0.1)

    def post(self, request: Request) -> int:
        """Post once at any of the doors; return the status, 0 without an answer."""
        target = urlsplit(self.chance.choice(self.urls))
        began = time.monotonic()
        try:
            with closing(HTTPConnection(target.hostname or "", target.port, timeout=LONGEST)) as connection:
                connection.request("POST", request.path, request.body, dict(request.headers))
                answer = connection.getresponse()
                answer.read()
                status = answer.status
                if status == 503 and not answer.headers.get("Retry-After"):
                    status = 599  # counted apart: nobody said when to come again
        except (OSError, HTTPException):
            status = NO_ANSWER
        else:
            self.seconds.append(time.monotonic() - began)
        self.answers[status] += 1
        return status

    def _deliver(self, request: Request) -> tuple[int, bytes]:
        others = []
        if self.chance.random() < COPIES:
            others = [
                threading.Thread(target=self.post, args=(request,)) for _ in range(self.chance.randint(1, 3))
            ]
            self.copies += len(others)
        for other in others:
            other.start()
        self.insist(request)
        for other in others:
            other.join()
        self.accepted.append(request)
        return 200, b""
