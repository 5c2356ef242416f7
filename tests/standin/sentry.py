"""A stand-in of Sentry: takes envelopes as its ingestion does and keeps them."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from models.base import Json

KEY, PROJECT = "public-key-of-nobody", 42


class Sentry:
    """Listens on a free port of this machine, as a context."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []  # envelopes, unpacked
        self.headers: list[str] = []
        taken, headers = self.taken, self.headers

        class Ingest(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                """Take one envelope (Sentry, Envelopes: `/api/<project>/envelope/`)."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_ours = KEY in self.headers.get("X-Sentry-Auth", "")
                if self.path != f"/api/{PROJECT}/envelope/" or not is_ours:
                    self.send_error(403)
                    return
                taken.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
                headers.append(str(self.headers))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Ingest)
        self.dsn = f"http://{KEY}@127.0.0.1:{self._server.server_port}/{PROJECT}"

    def __enter__(self) -> Self:
        """Listen."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def events(self) -> list[Json]:
        """Return the events taken (Sentry, Envelopes: a header, then a header and a payload an item)."""
        found = []
        for envelope in self.taken:
            _, *items = envelope.splitlines()
            for header, payload in zip(items[::2], items[1::2], strict=True):
                assert json.loads(header)["type"] == "event"
                found.append(json.loads(payload))
        return found
