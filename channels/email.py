"""The channel `email`: messages out through SMTP, as text and HTML; nothing comes in."""

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses
from hashlib import sha256
from ipaddress import ip_address
from threading import Timer
from urllib.parse import parse_qs, unquote, urlsplit

from bot.values import Clock, Message
from channels.base import (
    BodyError,
    Envelope,
    Failure,
    Inbound,
    Limits,
    Outgoing,
    Receipt,
    SendError,
    SignatureError,
)
from channels.cleaning import clean
from channels.fitting import fit, one_line, shorten

PORTS = {"smtp": 587, "smtps": 465}  # RFC 6409 section 3.1, RFC 8314 section 3.3
SEVEN_BITS = SMTP.clone(cte_type="7bit")  # taken by every server, whatever it offers
SUBJECT = 120  # characters
RETRY_AFTER = 120.0  # seconds after a 4xx; greylisting wants some minutes
WAYS = {"PLAIN": "auth_plain", "LOGIN": "auth_login", "CRAM-MD5": "auth_cram_md5"}  # to sign in, of smtplib
NOT_ADMITTED = frozenset({530, 534, 535, 538})  # RFC 4954 section 6: authentication
_DIRECTIONS = re.compile("[\u200e\u200f\u2066-\u2069]")  # of no use in a subject
_POLICY_REFUSAL = re.compile(r"5\.7\.\d+")  # RFC 3463 section 3.8: security or policy
_PERSONAL = re.compile(r"[^\s<>@]+@[^\s<>@]+")  # addresses: never in a log or an error
_LINE_OF_DOT = re.compile(rb"(?m)^\.")  # RFC 5321 section 4.5.2: transparency


class AddressError(ValueError):
    """SMTP_URL or MAIL_FROM is not what it should be; the text says why, without the password."""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as SMTP_URL names it."""

    host: str
    port: int
    is_secure: bool  # TLS from the first byte
    user: str = ""
    password: str = field(default="", repr=False)
    needs_starttls: bool = False

    @property
    def is_here(self) -> bool:
        """Tell whether it runs on this machine: no password leaves it then."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_server(url: str) -> Server:
    """Return the server of `smtp://user:password@host:port` or `smtps://…`; raise AddressError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError("the address cannot be read; write % in a password as %25, @ as %40") from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise AddressError("it is not smtp://user:password@host:port or smtps://user:password@host:port")
    wanted = parse_qs(parts.query, keep_blank_values=True)
    if wanted not in ({}, {"starttls": ["required"]}):
        raise AddressError("nothing but ?starttls=required may follow the port")
    return Server(
        parts.hostname,
        port or PORTS[parts.scheme],
        parts.scheme == "smtps",
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        needs_starttls=bool(wanted),
    )


def read_sender(text: str) -> Address:
    """Return the sender of `griot@example.org` or `Griot <griot@example.org>`; raise AddressError."""
    try:
        ((name, address),) = getaddresses([text])
        return Address(display_name=name, addr_spec=_ascii(address))
    except (ValueError, MessageError, IndexError):
        raise AddressError("it is not an address such as griot@example.org") from None


class Email:
    """A mail server, connected anew for each message. Every call ends within `timeout` seconds."""

    name = "email"
    limits = Limits(characters=100_000, buttons=0, label=200)

    def __init__(self, url: str, sender: str, timeout: float, clock: Clock) -> None:
        """Read both addresses; raise AddressError. Nothing is connected yet."""
        self._server = read_server(url)
        self._sender = read_sender(sender)
        self._timeout = timeout
        self._clock = clock

    def verify(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Raise SignatureError: no request from outside speaks for this channel."""
        raise SignatureError("the channel email has no webhook")

    def envelope(self, body: bytes) -> Envelope:
        """Raise BodyError: nothing comes in."""
        raise BodyError("the channel email has no webhook")

    def parse(self, body: bytes) -> list[Inbound | Receipt]:
        """Return nothing: nothing comes in."""
        return []

    def send(self, out: Outgoing) -> str:
        """Return the Message-ID of the mail that the server took over; raise SendError."""
        mail = self._mail(out)
        whole = mail.as_bytes()
        with self._session() as session:
            _expect(session.mail(self._sender.addr_spec), "sender")
            _expect(session.rcpt(mail["To"].addresses[0].addr_spec), "recipient")
            _expect(session.docmd("data"), "data", wanted=354)
            _hand_over(session, whole)
        return str(mail["Message-ID"])

    def check(self) -> None:
        """Connect and sign in as for a message; raise SendError with what is wrong."""
        with self._session() as session:
            _expect(session.noop(), "data")

    def _mail(self, out: Outgoing) -> EmailMessage:
        message = out.message
        mail = EmailMessage(policy=SEVEN_BITS)
        mail["From"] = self._sender
        mail["To"] = _recipient(out.address)
        mail["Subject"] = _subject(message)
        mail["Date"] = self._clock()
        mail["Message-ID"] = self._id(out)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: no absence notes back
        mail.set_content(fit(message, self.limits))
        if message.html:
            mail.add_alternative(clean(message.html), subtype="html")
        return mail

    def _id(self, out: Outgoing) -> str:
        """Return the same id for every try of an outbox row: a second copy is known as one.

        The hash keeps rows of another database apart that have the same number.
        """
        said = sha256("\n".join((out.address, out.message.subject, out.message.text)).encode()).hexdigest()
        reference = re.sub(r"[^A-Za-z0-9]", "", out.reference)
        return f"<griot.{reference}.{said[:12]}@{self._sender.domain}>"

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """Yield a session in which mail may be sent; raise SendError for what goes wrong."""
        deadline = time.monotonic() + self._timeout
        connection = self._connect(deadline)
        line = connection.dup()  # the same line whatever TLS makes of the connection
        alarm = Timer(max(0.0, deadline - time.monotonic()), _cut_off, [line])
        alarm.daemon = True
        alarm.start()
        session = None
        try:
            session = self._greeted(connection, deadline)
            self._enter(session)
            yield session
            with suppress(smtplib.SMTPException, OSError, ValueError):
                session.quit()
        except ssl.SSLCertVerificationError as error:
            raise SendError(Failure.MISCONFIGURED, f"the certificate is refused: {error.reason}") from None
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, error.smtp_error, "session") from None
        except smtplib.SMTPNotSupportedError as error:
            raise SendError(Failure.MISCONFIGURED, str(error)) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise SendError(Failure.NOT_SENT, f"the connection failed ({type(error).__name__})") from None
        finally:
            alarm.cancel()
            _cut_off(line)
            line.close()
            if session is not None:
                session.close()
            connection.close()

    def _connect(self, deadline: float) -> socket.socket:
        failure = SendError(Failure.NOT_SENT, "the mail server has no address")
        try:
            found = socket.getaddrinfo(self._server.host, self._server.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise SendError(
                Failure.NOT_SENT, f"the mail server is not found ({type(error).__name__})"
            ) from None
        for family, kind, protocol, _, address in found:
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(max(0.01, deadline - time.monotonic()))
                connection.connect(address)
                return connection
            except OSError as error:
                connection.close()
                words = error.strerror or type(error).__name__
                failure = SendError(Failure.NOT_SENT, f"the mail server cannot be reached ({words})")
        raise failure

    def _greeted(self, connection: socket.socket, deadline: float) -> smtplib.SMTP:
        server = self._server
        if server.is_secure:
            connection = ssl.create_default_context().wrap_socket(connection, server_hostname=server.host)
        return _Session(connection, server, self._sender.domain, max(0.01, deadline - time.monotonic()))

    def _enter(self, session: smtplib.SMTP) -> None:
        """Turn on TLS and sign in, as far as wanted and offered."""
        server = self._server
        session.ehlo_or_helo_if_needed()
        if not server.is_secure and session.has_extn("starttls"):
            session.starttls(context=ssl.create_default_context())
            session.ehlo_or_helo_if_needed()
        elif not server.is_secure and (server.needs_starttls or (server.user and not server.is_here)):
            raise SendError(Failure.MISCONFIGURED, "the mail server offers no STARTTLS")
        if server.user:
            _sign_in(session, server)


class _Session(smtplib.SMTP):
    """smtplib's session over a connection that is open already."""

    def __init__(self, connection: socket.socket, server: Server, name: str, timeout: float) -> None:
        self._connection = connection
        super().__init__(server.host, server.port, local_hostname=name, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._connection


def _sign_in(session: smtplib.SMTP, server: Server) -> None:
    """Sign in by one way only: after a refusal many servers hang up, and the refusal would be lost."""
    offered = session.esmtp_features.get("auth", "").upper().split()
    name = next((name for name in WAYS if name in offered), None)
    if name is None:
        raise SendError(Failure.MISCONFIGURED, "the mail server offers no way to sign in")
    session.user, session.password = server.user, server.password
    session.auth(name, getattr(session, WAYS[name]))


def _cut_off(line: socket.socket) -> None:
    """End whatever waits for the server."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _hand_over(session: smtplib.SMTP, mail: bytes) -> None:
    """Send the mail itself; once its first byte is out it may have arrived."""
    try:
        session.send(_LINE_OF_DOT.sub(b"..", mail) + b".\r\n")
        code, words = session.getreply()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        detail = f"no answer to the mail ({type(error).__name__})"
        raise SendError(Failure.UNKNOWN, detail) from None
    _expect((code, words), "mail")


def _expect(reply: tuple[int, bytes], step: str, wanted: int = 250) -> None:
    code, words = reply
    if code != wanted and not (wanted == 250 and code == 251):  # 251: will be forwarded
        raise _refusal(code, words, step)


def _refusal(code: int, answer: bytes | str, step: str) -> SendError:
    """Return what a refusal means for the message (the table of errors in docs/channels/email.md)."""
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    failure = _failure(code, said, step)
    wait = RETRY_AFTER if failure == Failure.THROTTLED else None
    words = one_line(_PERSONAL.sub("…", said))
    return SendError(failure, f"{code} {words}"[:300], code=str(code), retry_after=wait)


def _failure(code: int, said: str, step: str) -> Failure:
    if code in NOT_ADMITTED:
        return Failure.MISCONFIGURED
    if not 400 <= code < 600:
        return Failure.UNKNOWN if step == "mail" else Failure.NOT_SENT
    if code == 421 or (code < 500 and step == "session"):
        return Failure.NOT_SENT
    if code < 500:
        return Failure.THROTTLED
    match step:
        case "recipient" if not _POLICY_REFUSAL.search(said):
            return Failure.UNREACHABLE
        case "recipient" | "mail" | "data":
            return Failure.REJECTED
        case _:
            return Failure.MISCONFIGURED


def _recipient(text: str) -> Address:
    try:
        return Address(addr_spec=_ascii(text))
    except (ValueError, MessageError, IndexError):
        raise SendError(Failure.UNREACHABLE, "this is no address that mail servers take") from None


def _ascii(address: str) -> str:
    """Return the address with its domain in the letters of mail; raise ValueError where there is none."""
    local, _, domain = address.rpartition("@")
    if not local.isascii() or not local or any(sign in address for sign in "\r\n\x00"):
        raise ValueError("not an address in ASCII")
    return f"{local}@{domain.encode('idna').decode('ascii')}"


def _subject(message: Message) -> str:
    first = message.subject or next((line for line in message.text.split("\n") if line.strip()), "")
    return shorten(one_line(_DIRECTIONS.sub("", clean(first))), SUBJECT)
