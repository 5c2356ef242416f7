"""The channel e-mail against a real mail server: what arrives, and what each refusal means."""

import base64
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session

from bot.values import Message, Opening
from channels.base import BodyError, Failure, Outgoing, SendError, SignatureError
from channels.email import AddressError, Email, read_sender, read_server

AT = datetime(2026, 11, 27, 8, tzinfo=UTC)
OFFICER = "officer@example.org"
SENDER = "Griot <griot@example.org>"


class MailBox:
    """Keeps what arrives, and answers each step as it is told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.answers: dict[str, str] = {}
        self.signed_in: list[bytes] = []

    async def handle_MAIL(
        self, server: object, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: object, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: object, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        mail = message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return self.answers.get("DATA", "250 OK")

    def sign_in(
        self, server: object, session: object, envelope: object, mechanism: str, data: object
    ) -> AuthResult:
        """Let the one user in."""
        password = getattr(data, "password", b"")
        self.signed_in.append(password)
        return AuthResult(success=password == b"p@ss:word", handled=False)


@pytest.fixture
def box() -> MailBox:
    """Return an empty box."""
    return MailBox()


@pytest.fixture
def server(box: MailBox) -> Iterator[Controller]:
    """Yield a mail server on a free port that lets in without a password."""
    yield from _running(Controller(box, hostname="127.0.0.1", port=_free_port()))


def _running(controller: Controller) -> Iterator[Controller]:
    controller.start()
    yield controller
    controller.stop()


def _free_port() -> int:
    """Return a port that nobody listens on; aiosmtpd must be told one."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def _email(controller: Controller, user: str = "", query: str = "", timeout: float = 5.0) -> Email:
    return Email(f"smtp://{user}127.0.0.1:{controller.port}{query}", SENDER, timeout, lambda: AT)


def _out(message: Message, address: str = OFFICER) -> Outgoing:
    return Outgoing(address, message, "17")


def _text(part: EmailMessage) -> str:
    """Return a part's text; mail ends its lines in CR LF."""
    said = part.get_content()
    assert isinstance(said, str)
    return said.replace("\r\n", "\n").rstrip("\n")


def test_text_and_html_arrive_as_alternatives(server: Controller, box: MailBox) -> None:
    """One mail, both parts in UTF-8, the subject as written, nobody's machine answers it."""
    html = '<p dir="rtl" lang="ar">الملخص، الأسبوع 48</p>'
    message = Message("الملخص\n.\n..نقطة", subject="Synthèse, semaine 48 ⁨ملخص⁩", html=html)
    sent = _email(server).send(_out(message))
    (mail,) = box.mails
    assert (mail["From"], mail["To"]) == ("Griot <griot@example.org>", OFFICER)
    assert mail["Subject"] == "Synthèse, semaine 48 ملخص"
    assert (mail["Auto-Submitted"], mail["Date"].datetime) == ("auto-generated", AT)
    assert mail["Message-ID"] == sent
    assert mail.get_content_type() == "multipart/alternative"
    text, rich = mail.iter_parts()
    assert [part.get_content_type() for part in (text, rich)] == ["text/plain", "text/html"]
    assert _text(text) == message.text
    assert _text(rich) == html
    assert all(byte < 128 for byte in box.raw[0])


def test_a_message_without_html_is_plain_text(server: Controller, box: MailBox) -> None:
    """With its numbered options; the first line is the subject when there is none."""
    _email(server).send(_out(Message("Reminder for Bamako.\nM05 is due.", options=("Later",))))
    (mail,) = box.mails
    assert mail.get_content_type() == "text/plain"
    assert mail["Subject"] == "Reminder for Bamako."
    assert _text(mail) == "Reminder for Bamako.\nM05 is due.\n1. Later"


def test_every_try_of_a_row_has_the_same_id(server: Controller, box: MailBox) -> None:
    """Another row, or the same number in another database, has another one."""
    channel, message = _email(server), Message("Digest", subject="Digest")
    first = channel.send(_out(message))
    assert channel.send(_out(message)) == first
    assert first.startswith("<griot.17.")
    assert first.endswith("@example.org>")
    assert channel.send(Outgoing(OFFICER, message, "18")) != first
    assert channel.send(_out(Message("Another", subject="Digest"))) != first


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(Message("Text", subject="Digest\r\nBcc: other@example.org"), id="subject"),
        pytest.param(Message("Digest\rBcc: other@example.org\r\n\r\nText"), id="first line"),
    ],
)
def test_nothing_said_becomes_a_header(server: Controller, box: MailBox, message: Message) -> None:
    """Line breaks in a subject are spaces; the mail has one recipient."""
    _email(server).send(_out(message))
    (mail,) = box.mails
    assert mail["Bcc"] is None
    assert mail["To"] == OFFICER


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org>, <b@example.org",
        "",
        "nobody",
        "a@b@c",
        "é@example.org",
    ],
)
def test_an_odd_address_is_unreachable(server: Controller, box: MailBox, address: str) -> None:
    """Nothing is sent to it, nor to anybody else."""
    with pytest.raises(SendError) as raised:
        _email(server).send(_out(Message("Text"), address))
    assert raised.value.failure is Failure.UNREACHABLE
    assert box.mails == []


def test_a_domain_in_other_letters_is_written_in_those_of_mail(server: Controller, box: MailBox) -> None:
    """RFC 5890: the server need not know about it."""
    _email(server).send(_out(Message("Text"), "agent@ville-é.example"))
    assert box.mails[0]["To"] == "agent@xn--ville--gva.example" or "xn--" in box.mails[0]["To"]


def test_a_refusal_is_told_without_the_address(server: Controller, box: MailBox) -> None:
    """Errors are logged; servers repeat whom they refuse."""
    box.answers["RCPT"] = "550 5.1.1 <officer@example.org>: no such user"
    with pytest.raises(SendError) as raised:
        _email(server).send(_out(Message("Text"), "officer@example.org"))
    assert raised.value.detail == "550 5.1.1 <…>: no such user"


@pytest.mark.parametrize(
    ("step", "answer", "failure"),
    [
        pytest.param("RCPT", "550 5.1.1 No such user", Failure.UNREACHABLE, id="no such user"),
        pytest.param("RCPT", "550 5.7.1 Relaying denied", Failure.REJECTED, id="not let through"),
        pytest.param("RCPT", "450 4.2.0 Greylisted", Failure.THROTTLED, id="greylisted"),
        pytest.param("RCPT", "452 4.2.2 Mailbox full", Failure.THROTTLED, id="full"),
        pytest.param("RCPT", "530 5.7.0 Authentication required", Failure.MISCONFIGURED, id="no password"),
        pytest.param("MAIL", "553 5.1.8 Sender unknown", Failure.MISCONFIGURED, id="sender refused"),
        pytest.param("MAIL", "421 4.3.2 Closing", Failure.NOT_SENT, id="closing"),
        pytest.param("DATA", "554 5.6.0 Content refused", Failure.REJECTED, id="content refused"),
        pytest.param("DATA", "451 4.3.0 Try again", Failure.THROTTLED, id="not now"),
    ],
)
def test_each_refusal_says_what_follows(
    server: Controller, box: MailBox, step: str, answer: str, failure: Failure
) -> None:
    """The server's own words are kept; what may come later comes later."""
    box.answers[step] = answer
    with pytest.raises(SendError) as raised:
        _email(server).send(_out(Message("Text")))
    assert raised.value.failure is failure
    assert (raised.value.code, raised.value.detail) == (answer[:3], answer)
    assert (raised.value.retry_after is not None) == (failure is Failure.THROTTLED)


@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
def test_the_password_is_written_as_in_an_address(box: MailBox) -> None:
    """%40 is @; a wrong password is the operator's matter and is told to nobody."""
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=_free_port(),
        authenticator=box.sign_in,
        auth_required=True,
        auth_require_tls=False,
    )
    for running in _running(controller):
        _email(running, "griot:p%40ss%3Aword@").send(_out(Message("Text")))
        assert len(box.mails) == 1
        with pytest.raises(SendError) as raised:
            _email(running, "griot:wrong-one@").check()
        assert raised.value.failure is Failure.MISCONFIGURED
        assert "wrong-one" not in raised.value.detail
        assert base64.b64encode(b"wrong-one").decode() not in raised.value.detail


def test_where_tls_is_wanted_nothing_goes_without(server: Controller, box: MailBox) -> None:
    """`?starttls=required` stops at a server that does not offer it."""
    with pytest.raises(SendError) as raised:
        _email(server, query="/?starttls=required").send(_out(Message("Text")))
    assert raised.value.failure is Failure.MISCONFIGURED
    assert "STARTTLS" in raised.value.detail
    assert box.mails == []


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_an_unknown_certificate_is_refused(box: MailBox, tmp_path: Path, scheme: str) -> None:
    """With STARTTLS and with TLS from the first byte."""
    context = _own_certificate(tmp_path)
    tls = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context}
    for running in _running(Controller(box, hostname="127.0.0.1", port=_free_port(), ready_timeout=1, **tls)):
        channel = Email(f"{scheme}://127.0.0.1:{running.port}", SENDER, 5.0, lambda: AT)
        with pytest.raises(SendError) as raised:
            channel.send(_out(Message("Text")))
        assert raised.value.failure is Failure.MISCONFIGURED
        assert "certificate" in raised.value.detail
    assert box.mails == []


def _own_certificate(folder: Path) -> ssl.SSLContext:
    words = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    )
    subprocess.run(
        [*words, "-keyout", folder / "key", "-out", folder / "crt"], check=True, capture_output=True
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "crt", folder / "key")
    return context


def test_a_server_that_is_not_there_has_sent_nothing() -> None:
    """Neither its port nor its name."""
    for host in (f"127.0.0.1:{_free_port()}", "nowhere.invalid"):
        with pytest.raises(SendError) as raised:
            Email(f"smtp://{host}", SENDER, 2.0, lambda: AT).send(_out(Message("Text")))
        assert raised.value.failure is Failure.NOT_SENT


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        pytest.param([b"220 hello\r\n"], Failure.NOT_SENT, id="silent after the greeting"),
        pytest.param([b"554 not you\r\n"], Failure.MISCONFIGURED, id="turned away"),
        pytest.param([b"220 hello\r\n", b"250 you\r\n", b"250 ok\r\n"], Failure.NOT_SENT, id="lost before"),
        pytest.param(
            [b"220 hello\r\n", b"250 you\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"],
            Failure.UNKNOWN,
            id="lost after the mail went",
        ),
    ],
)
def test_a_server_that_falls_silent_costs_one_deadline(script: list[bytes], failure: Failure) -> None:
    """Before the mail is handed over nothing was sent; afterwards nobody knows."""
    with Silent(script) as port:
        began = time.monotonic()
        with pytest.raises(SendError) as raised:
            Email(f"smtp://127.0.0.1:{port}", SENDER, 1.0, lambda: AT).send(_out(Message("Text")))
        assert raised.value.failure is failure
        assert time.monotonic() - began < 3


class Silent:
    """A server that says its lines one by one, then nothing; it drips one byte to keep clients waiting."""

    def __init__(self, script: list[bytes]) -> None:
        self._script = script
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()

    def __enter__(self) -> int:
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()
        port: int = self._listening.getsockname()[1]
        return port

    def __exit__(self, *raised: object) -> None:
        self._ended.set()
        self._listening.close()
        self._thread.join(5)

    def _talk(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            for line in self._script:
                connection.sendall(line)
                connection.recv(4096)
            while not self._ended.wait(0.3):
                try:
                    connection.sendall(b"2")
                except OSError:
                    return


def test_nothing_comes_in() -> None:
    """Nobody can speak for this channel from outside."""
    channel = Email("smtp://127.0.0.1:25", SENDER, 1.0, lambda: AT)
    with pytest.raises(SignatureError):
        channel.verify("https://griot.example.org/webhooks/email", {}, b"")
    with pytest.raises(BodyError):
        channel.envelope(b"")
    assert channel.parse(b"{}") == []


@pytest.mark.parametrize(
    ("read", "text"),
    [
        pytest.param(read_server, "mail.example.org", id="no scheme"),
        pytest.param(read_server, "http://mail.example.org", id="another scheme"),
        pytest.param(read_server, "smtp://", id="no host"),
        pytest.param(read_server, "smtp://mail.example.org:port", id="no port"),
        pytest.param(read_server, "smtp://mail.example.org/box", id="a path"),
        pytest.param(read_server, "smtp://mail.example.org?tls=maybe", id="an unknown wish"),
        pytest.param(read_sender, "Griot", id="no address"),
        pytest.param(read_sender, "a@example.org, b@example.org", id="two addresses"),
    ],
)
def test_a_wrong_setting_is_named(read: Callable[[str], object], text: str) -> None:
    """With what it should be; the default ports are those of submission."""
    with pytest.raises(AddressError):
        read(text)


def test_ports_are_those_of_submission() -> None:
    """RFC 6409 and RFC 8314."""
    assert read_server("smtp://mail.example.org").port == 587
    assert read_server("smtps://mail.example.org").port == 465
    assert "secret" not in repr(read_server("smtp://griot:secret@mail.example.org"))


def test_a_long_digest_arrives_whole(server: Controller, box: MailBox) -> None:
    """Long lines, dots and Arabic survive the way."""
    text = "\n".join(["." * 5, "ب" * 2000, "a" * 2000, "", "."])
    message = Message(
        text, subject="Digest", html=f"<p>{'ب' * 3000}</p>", opening=Opening("digest", "ar", ("48",))
    )
    _email(server).send(_out(message))
    plain, rich = box.mails[0].iter_parts()
    assert _text(plain) == text
    assert _text(rich) == message.html
