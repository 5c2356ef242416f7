"""The connection to the database breaks after a commit that was made and before its answer is seen."""

import socket
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, make_url, select

from models.db import read
from models.inbox import IN, InboxState
from models.outbox import OUT, OutboxState
from models.submission import Submission
from tests.databases import Databases, load_aston
from tests.marks import without_mark
from tests.moved import a_moved_site, add_people, minutes

SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)  # nothing is due
USER = 600000001
COMMIT = b"Q\0\0\0\x0bCOMMIT\0"  # PostgreSQL, Message Formats: a simple query
SOCKET = ".s.PGSQL.5432"  # PostgreSQL, unix_socket_directories
LOSES = 4  # the answer to one of so many commits
ANSWERS = ("1", "Three pumps for the market", "1", "-", "1")


@dataclass
class Line:
    """A line to the server that breaks at some commits: they are handed on, and their answers are not."""

    server: Path
    listener: socket.socket
    commits: int = 0
    lost: int = 0
    sockets: list[socket.socket] = field(default_factory=list)

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self.server))
                self.sockets += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def close(self) -> None:
        """End every connection."""
        for one in (self.listener, *self.sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                is_lost = COMMIT in data and self._loses()
                if is_lost:
                    source.shutdown(socket.SHUT_RDWR)  # the client sees its connection end
                target.sendall(data)
                if is_lost:
                    return
            target.shutdown(socket.SHUT_RDWR)

    def _loses(self) -> bool:
        self.commits += 1
        self.lost += self.commits % LOSES == 0
        return self.commits % LOSES == 0


@contextmanager
def a_line(address: str) -> Iterator[tuple[Line, str]]:
    """Yield a line to this database, whose server listens in a folder, and the address of its own end."""
    url = make_url(address)
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(Path(folder, SOCKET)))
        listener.listen()
        line = Line(Path(str(url.query["host"]), SOCKET), listener)
        threading.Thread(target=line.serve, daemon=True).start()
        through = url.update_query_dict({"host": folder})
        try:
            yield line, through.render_as_string(hide_password=False)
        finally:
            line.close()


def test_a_commit_whose_answer_is_lost_is_made_once(tmp_path: Path, postgresql_databases: Databases) -> None:
    """Each is repeated: a report is stored once, each message is handled once and answered, twice at most.

    Whose claim was lost each time is listed as uncertain: nobody knows whether it went.
    """
    address = postgresql_databases.copy_of("aston", load_aston)
    with a_line(address) as (line, through), a_moved_site(tmp_path, through, SUNDAY) as site:
        add_people(site, [("coordinator", "kampala", "en", {"telegram": str(USER)})])
        phone = site.telegram(USER, "en")
        for text in ("/report need_request", *ANSWERS):
            phone.say(text)
            for _ in range(2):
                site.work()
                site.now += minutes(1.1)
        assert line.lost > len(ANSWERS)
        updates = read(site.store, lambda db: db.scalars(select(IN.c.state)).all())
        assert updates == [InboxState.DONE] * (1 + len(ANSWERS))
        assert read(site.store, lambda db: db.scalar(select(func.count()).select_from(Submission))) == 1
        replies = read(site.store, lambda db: db.execute(select(OUT.c.text, OUT.c.state)).all())
        assert OutboxState.SENT in {row.state for row in replies} <= {OutboxState.SENT, OutboxState.UNCERTAIN}
        sent = Counter(without_mark(row.text) for row in replies if row.state == OutboxState.SENT)
        said = Counter(without_mark(row.text) for row in replies)
        shown = Counter(one.text.partition("\n1. ")[0] for one in phone.messages())
        assert {text: shown[text] for text in said if not sent[text] <= shown[text] <= 2 * said[text]} == {}
