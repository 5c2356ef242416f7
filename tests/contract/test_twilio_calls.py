"""What a call of Twilio's API never does: go where an answer sends it."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from bot.values import Message
from channels.base import Failure, Outgoing, SendError
from channels.twilio import Account, sms


class Elsewhere(BaseHTTPRequestHandler):
    """Sends every call on to another path; remembers where it was called."""

    called: list[str]

    def do_POST(self) -> None:
        """Answer a call."""
        self.called.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(307)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[ThreadingHTTPServer]:
    """Yield a server that redirects."""
    Elsewhere.called = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_redirect_is_not_followed(elsewhere: ThreadingHTTPServer) -> None:
    """The account's password stays with the address of the settings."""
    origin = f"http://127.0.0.1:{elsewhere.server_port}"
    account = Account("AC" + "0" * 32, ("fictitious",), "https://griot.example.org", api_url=origin)
    channel = sms(account, "+10000000002")
    try:
        with pytest.raises(SendError) as raised:
            channel.send(Outgoing("+22370000001", Message("Text"), "7"))
    finally:
        channel.close()
    assert raised.value.failure is Failure.UNKNOWN
    assert [path for path in Elsewhere.called if "elsewhere" in path] == []
    assert len(Elsewhere.called) == 1
