"""`budget.yaml` is checked with its programme, and says which numbers may be written to."""

import pytest

from bot.programme import Prices, open_programme, read_programme
from tests.programmes import ASTON, ORCHARD, files_of, with_budget

RIGHT = """
prices:
  currency: EUR
  status: assumed
  countries:
    BE: {calling_code: "+32", whatsapp: {fee: 0.005, text: 0.04}, sms: {text: 0.1}}
    BB: {calling_code: "+1246", sms: {text: 0.1}}
    US: {calling_code: "+1", sms: {text: 0.01}}
budget:
  month: 20
  cities: {CITY: {day: 0.5}}
"""


def a_city() -> str:
    """Return the slug of a city of the tiny programme."""
    return next(iter(open_programme(files_of(ORCHARD)).cities))


def problems(text: str) -> list[tuple[str, str]]:
    """Return place and message of every fault of the tiny programme with this budget."""
    files = {**files_of(ORCHARD), "budget.yaml": text.replace("CITY", a_city()).encode()}
    return [(each.where, each.message) for each in read_programme(files)[1]]


def test_a_right_budget_has_no_faults() -> None:
    """It is read with its numbers as they are written."""
    assert problems(RIGHT) == []
    programme = open_programme({**files_of(ORCHARD), "budget.yaml": RIGHT.replace("CITY", a_city()).encode()})
    assert programme.prices is not None
    assert str(programme.prices.countries["BE"].whatsapp.fee) == "0.005"  # type: ignore[union-attr]
    assert programme.budget.reserve == 20


def test_a_programme_needs_no_budget() -> None:
    """Without the file there are no prices and no limits."""
    programme = open_programme(files_of(ORCHARD))
    assert (programme.prices, programme.budget.month) == (None, None)


def test_the_shipped_budget_covers_every_city() -> None:
    """Each city's country has prices for both channels, under the city's calling code."""
    programme = open_programme(with_budget(ASTON))
    prices = programme.prices
    assert prices is not None
    for city in (*programme.cities.values(), programme.secretariat):
        tariff = prices.countries[city.country]
        assert tariff.calling_code == city.calling_code
        assert tariff.whatsapp is not None
        assert tariff.sms is not None


@pytest.mark.parametrize(
    ("changed", "into", "place", "message"),
    [
        pytest.param("fee: 0.005", "fee: -1", "whatsapp", "-1 is not an amount of money.", id="negative"),
        pytest.param("fee: 0.005", "fee: free", "whatsapp", "free is not an amount of money.", id="words"),
        pytest.param('"+1246"', '"+32"', "calling_code", "The code +32 belongs to BE.", id="code twice"),
        pytest.param("BB:", "Barbados:", "countries", "Barbados is not a country code.", id="country"),
        pytest.param("CITY", "atlantis", "cities", "atlantis is not a city of this programme.", id="city"),
        pytest.param(
            "  cities: {CITY: {day: 0.5}}",
            "  channels: {telegram: {day: 1}}",
            "channels",
            "telegram is not a channel with prices.",
            id="channel",
        ),
    ],
)
def test_every_fault_is_told_with_its_place(changed: str, into: str, place: str, message: str) -> None:
    """File, line and key, and what is wrong."""
    found = problems(RIGHT.replace(changed, into))
    assert len(found) == 1, found
    where, said = found[0]
    assert where.startswith("budget.yaml")
    assert place in where
    assert said == message


@pytest.mark.parametrize(
    ("channel", "address", "country"),
    [
        pytest.param("sms", "+3200000001", "BE", id="listed"),
        pytest.param("sms", "+12460000001", "BB", id="the longest code"),
        pytest.param("sms", "+12120000001", "US", id="the shorter code"),
        pytest.param("whatsapp", "+12460000001", "", id="no price on this channel"),
        pytest.param("whatsapp", "+3300000001", "", id="not listed"),
        pytest.param("whatsapp", "BE.1234567890", "BE", id="an id that names its country"),
        pytest.param("whatsapp", "FR.1234567890", "", id="an id of another country"),
    ],
)
def test_a_number_belongs_to_the_listed_country_of_its_code(channel: str, address: str, country: str) -> None:
    """What is not listed for a channel that costs money may not be written to there; Telegram may."""
    prices = open_programme(
        {**files_of(ORCHARD), "budget.yaml": RIGHT.replace("CITY", a_city()).encode()}
    ).prices
    assert isinstance(prices, Prices)
    assert prices.country_of(channel, address) == country
    assert prices.may_go(channel, address) is bool(country)
    assert prices.may_go("telegram", address)


@pytest.mark.parametrize(
    ("address", "language"),
    [
        pytest.param("+22300000001", "fr", id="Mali"),
        pytest.param("+25800000001", "pt", id="Mozambique"),
        pytest.param("+21600000001", "ar", id="Tunisia"),
        pytest.param("+23300000001", "en", id="Ghana"),
        pytest.param("MZ.1234567890", "pt", id="an id that names its country"),
        pytest.param("+4900000001", "", id="nowhere of the network"),
    ],
)
def test_a_stranger_is_spoken_to_as_their_country_speaks(address: str, language: str) -> None:
    """The first language of a city there."""
    assert open_programme(files_of(ASTON)).language_at(address) == language
