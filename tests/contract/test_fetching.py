"""How files that people attach are fetched, and from where never."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator

import pytest

from channels.base import FetchError, Lack, SendError
from channels.fetching import Sources, download, is_outside
from channels.telegram import Telegram
from channels.telegram_calls import sources_of
from channels.twilio import Account, Twilio, whatsapp
from tests.standin import Fault, StandIn, Trouble
from tests.standin.server import TOKEN
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN

MOST = 100_000
CONTENT = b"%PDF-1.7\n" + b"%\n" * 500
Fetch = Callable[[str], bytes]


@pytest.fixture
def on_whatsapp(provider: StandIn) -> Iterator[Twilio]:
    """Return WhatsApp at the stand-in, with a short deadline."""
    url = provider.url
    channel = whatsapp(
        Account(ACCOUNT_SID, (AUTH_TOKEN,), "https://griot.example.org", "", url, url, 1.0), "+10000000001"
    )
    yield channel
    channel.close()


def lack_of(channel: Telegram | Twilio, ref: str, most: int = MOST) -> FetchError:
    """Return the error that fetching ends in."""
    with pytest.raises(FetchError) as raised:
        channel.fetch(ref, most)
    return raised.value


def test_a_file_of_telegram_is_fetched_in_two_calls(provider: StandIn, telegram: Telegram) -> None:
    """First getFile tells the path, then the file is read from it."""
    provider.attach("photo-1", CONTENT)
    assert telegram.fetch("photo-1", MOST).content == CONTENT
    assert [call.fields for call in provider.calls("getFile")] == [{"file_id": "photo-1"}]


def test_the_token_stands_in_no_error_and_no_log(
    provider: StandIn, telegram: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    """The address of a file holds the bot's token: whatever goes wrong, nobody reads it."""
    provider.attach("photo-1", CONTENT)
    caplog.set_level(logging.DEBUG)
    for fault in (Fault.DROP, Fault.BAD_GATEWAY, Fault.STALL):
        provider.trouble("file", Trouble(fault=fault))
        error = lack_of(telegram, "photo-1")
        assert error.lack == Lack.LATER
        assert TOKEN not in f"{error.detail} {error!r} {error.__cause__!r}"
    provider.trouble("file")
    assert telegram.fetch("photo-1", MOST).content == CONTENT
    assert TOKEN not in caplog.text


def test_what_telegram_does_not_give_out(provider: StandIn, telegram: Telegram) -> None:
    """A file over 20 MB is refused by Telegram, one over our limit by us; an unknown one is gone."""
    provider.attach("film", b"x" * 20_000_001)
    provider.attach("long", b"x" * (MOST + 1))
    provider.attach("deleted", CONTENT)
    assert lack_of(telegram, "film").lack == Lack.REFUSED
    assert lack_of(telegram, "long").lack == Lack.REFUSED
    assert lack_of(telegram, "nobody's").lack == Lack.GONE
    provider.trouble("file", Trouble(fault=Fault.REFUSED, value=404, times=1))
    assert lack_of(telegram, "deleted").lack == Lack.GONE
    provider.trouble(trouble=Trouble(fault=Fault.THROTTLED, value=7, times=1))
    throttled = lack_of(telegram, "deleted")
    assert (throttled.lack, throttled.retry_after) == (Lack.LATER, 7.0)
    provider.trouble(trouble=Trouble(fault=Fault.UNAUTHORIZED, times=1))
    assert lack_of(telegram, "deleted").lack == Lack.LATER


def test_only_the_api_gets_the_credentials(provider: StandIn, on_whatsapp: Twilio) -> None:
    """Twilio's address asks for them and redirects; the store that it names does not get them."""
    url = provider.attach_to_twilio(CONTENT)
    assert on_whatsapp.fetch(url, MOST).content == CONTENT
    assert [call.fields["Authorization"] for call in provider.calls("media")] == [""]


def test_the_usual_address_of_the_api_is_reached_where_the_api_is(
    provider: StandIn, on_whatsapp: Twilio
) -> None:
    """A webhook names https://api.twilio.com also where TWILIO_API_URL is another origin."""
    url = provider.attach_to_twilio(CONTENT).replace(provider.url, "https://api.twilio.com")
    assert on_whatsapp.fetch(url, MOST).content == CONTENT


def test_redirects_are_followed_three_times(provider: StandIn, on_whatsapp: Twilio) -> None:
    """A chain of three is followed, a longer one is not."""
    last = provider.attach_to_twilio(CONTENT)
    chain = [provider.attach_to_twilio(b"") for _ in range(4)]
    sids = [url.rpartition("/")[2] for url in chain]
    provider.twilio.redirects |= {sids[3]: f"/media/{last.rpartition('/')[2]}"}
    assert on_whatsapp.fetch(chain[3], MOST).content == CONTENT  # a path alone is of the same origin
    provider.twilio.redirects |= dict(zip(sids[:3], chain[1:], strict=True))
    assert lack_of(on_whatsapp, chain[0]).lack in (Lack.REFUSED, Lack.LATER)  # and no credentials either


@pytest.mark.parametrize(
    "to",
    [
        pytest.param("http://169.254.169.254/latest/meta-data", id="the cloud's own address"),
        pytest.param("http://localhost:1/x", id="this machine by name"),
        pytest.param("http://[::1]:1/x", id="this machine"),
        pytest.param("https://10.0.0.1/x", id="a private network"),
        pytest.param("https://files.example.org/x", id="a host that nobody named"),
        pytest.param("http://mms.twiliocdn.com/x", id="a known host without https"),
        pytest.param("https://mms.twiliocdn.com:8443/x", id="another port of a known host"),
        pytest.param("https://mms.twiliocdn.com.example.org/x", id="a name that begins so"),
        pytest.param("https://user:word@mms.twiliocdn.com/x", id="a password"),
        pytest.param("https://s3-external-1.amazonaws.com/other.bucket/x", id="another's store"),
        pytest.param("file:///etc/passwd", id="a file of ours"),
        pytest.param("http://[", id="no address at all"),
        pytest.param("", id="nowhere"),
    ],
)
def test_nothing_is_fetched_from_elsewhere(provider: StandIn, on_whatsapp: Twilio, to: str) -> None:
    """A redirect leads only to hosts of the table, over https."""
    url = provider.attach_to_twilio(CONTENT)
    provider.twilio.redirects[url.rpartition("/")[2]] = to
    error = lack_of(on_whatsapp, url)
    assert error.lack == Lack.REFUSED or to == ""
    assert provider.calls("media") == []


def test_a_known_name_that_leads_inside_is_refused() -> None:
    """What a name resolves to is looked at, and connected to: no second look-up can differ."""
    with pytest.raises(FetchError, match="not the internet's") as raised:
        asyncio.run(download("https://localhost/x", Sources(("localhost",)), MOST, 5.0))
    assert raised.value.lack == Lack.REFUSED


def test_twilio_deletes_what_is_stored_here(provider: StandIn, on_whatsapp: Twilio) -> None:
    """Its attachment alone, with our credentials; one that is gone, or of no message, is no error."""
    url = provider.attach_to_twilio(CONTENT)
    other = provider.attach_to_twilio(CONTENT)
    for _ in range(2):
        on_whatsapp.forget(url)
    assert lack_of(on_whatsapp, url).lack == Lack.GONE
    assert on_whatsapp.fetch(other, MOST).content == CONTENT
    on_whatsapp.forget("https://files.example.org/x")


def test_a_refusal_to_delete_is_told(provider: StandIn, on_whatsapp: Twilio) -> None:
    """The caller knows that the file is still there."""
    url = provider.attach_to_twilio(CONTENT)
    provider.trouble(trouble=Trouble(fault=Fault.SERVER_ERROR))
    with pytest.raises(SendError):
        on_whatsapp.forget(url)


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.9", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - an address to refuse
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_of_the_internet(address: str, outside: bool) -> None:
    """Private, loopback, link-local, shared and mapped addresses are not."""
    assert is_outside(address) is outside


def test_a_host_of_the_table_is_admitted() -> None:
    """By name, by its end, by the begin of the path."""
    sources = Sources(("mcs.us1.twilio.com", "*.twiliocdn.com", "s3.example.org/media/"))
    for url in (
        "https://mcs.us1.twilio.com/v1/x",
        "https://mms.twiliocdn.com/a/b?c=d",
        "https://MEDIA.twiliocdn.com:443/x",
        "https://s3.example.org/media/x",
    ):
        sources.admit(url)


def test_telegram_itself_is_asked_over_https_only() -> None:
    """Its addresses hold the token; a host that the operator named in its place may lie inside."""
    sources_of("https://api.telegram.org").admit("https://api.telegram.org/file/bot1:A/a.jpg")
    with pytest.raises(FetchError):
        sources_of("https://api.telegram.org").admit("http://api.telegram.org/file/bot1:A/a.jpg")
    sources_of("http://10.0.0.1:8081").admit("http://10.0.0.1:8081/file/bot1:A/a.jpg")


def test_time_and_size_are_bounded(provider: StandIn, telegram: Telegram, on_whatsapp: Twilio) -> None:
    """A file that never comes ends with the deadline, one that never ends with the limit of its size."""
    provider.attach("photo-1", CONTENT)
    url = provider.attach_to_twilio(b"x" * (MOST + 1))
    assert lack_of(on_whatsapp, url).lack == Lack.REFUSED
    provider.trouble("media", Trouble(fault=Fault.ENDLESS, times=1))
    assert lack_of(on_whatsapp, url).lack == Lack.REFUSED
    began = time.monotonic()
    provider.trouble("media", Trouble(fault=Fault.STALL, times=1))
    provider.trouble("file", Trouble(delay=5.0, times=1))
    assert lack_of(on_whatsapp, url).lack == Lack.LATER
    assert lack_of(telegram, "photo-1").lack == Lack.LATER
    assert time.monotonic() - began < 4.0


def test_what_twilio_answers_instead(provider: StandIn, on_whatsapp: Twilio) -> None:
    """404 and 410: gone; refused credentials, throttled, broken: later."""
    url = provider.attach_to_twilio(CONTENT)
    assert lack_of(on_whatsapp, url[:-1] + ("0" if url[-1] != "0" else "1")).lack == Lack.GONE
    for status, lack in ((410, Lack.GONE), (403, Lack.LATER), (500, Lack.LATER)):
        provider.trouble("media", Trouble(fault=Fault.REFUSED, value=status, times=1))
        assert lack_of(on_whatsapp, url).lack == lack
    provider.trouble("media", Trouble(fault=Fault.THROTTLED, value=3, times=1))
    assert lack_of(on_whatsapp, url).retry_after == 3.0
