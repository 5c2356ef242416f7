"""What a newcomer does in the browser, against `griot run --demo`: report on a phone, sign in, read it."""

import os
import re
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Response, expect, sync_playwright

from tests.databases import Databases
from tests.site import free_port
from tests.starting import start
from tests.unit.channels.test_arriving import a_photo

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed on this machine")

WIDE, NARROW = (1280, 800), (360, 740)
WAIT = 15_000  # milliseconds
COORDINATOR = {"fr": "Bamako", "ar": "نواكشوط"}
REFERENCE = re.compile(r"\b[A-Z]{3}-\d{4}-(?:W)?\d\d-\d+\b")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, sqlite_databases: Databases) -> Iterator[str]:
    """Yield the address of a demonstration."""
    with running(sqlite_databases.copy_of("demo", begin), tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest.fixture
def own_demo(tmp_path: Path, sqlite_databases: Databases) -> Iterator[str]:
    """Yield the address of a demonstration whose clock may be moved."""
    with running(sqlite_databases.copy_of("demo", begin), tmp_path) as address:
        yield address


def begin(database: str) -> None:
    """Let a demonstration fill its database, and end."""
    with tempfile.TemporaryDirectory() as folder, running(database, Path(folder)):
        pass
    with closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it stands in the one file that is copied


@contextmanager
def running(database: str, folder: Path) -> Iterator[str]:
    """Let a demonstration run on this database."""
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TELEGRAM_")}
    own = {"DATABASE_URL": database, "GRIOT_VAR": str(folder), "PORT": str(port)}
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8") as told:
        with open(writing, "wb") as out:
            process = start("run", "--demo", env=clean | own, stdout=out)
        lines = [told.readline() for _ in range(3)]
        assert lines[1].startswith("Simulator: "), lines
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        process.wait(15)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as tool:
        started = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """Yield the browser; its windows are closed after each test, else they go on asking for news."""
    yield chromium
    for window in chromium.contexts:
        window.close()


class Visit:
    """One browser window, and everything in it that went wrong."""

    def __init__(
        self, browser: Browser, demo: str, size: tuple[int, int], language: str, *, script: bool = True
    ) -> None:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=language,
            java_script_enabled=script,
            reduced_motion="reduce",  # drawing what moves takes much of a small machine
            base_url=demo,
        )
        self.page: Page = context.new_page()
        self.phone = self.page.locator(".phone").first
        self.faults: list[str] = []
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("response", lambda response: self._note(response, demo))
        self.page.on("requestfailed", self._note_failure)

    def _note(self, response: Response, demo: str) -> None:
        if response.status >= 400 or not response.url.startswith((demo, "data:")):
            self.faults.append(f"{response.status} {response.url}")

    def _note_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left while it asked
            self.faults.append(f"{request.failure} {request.url}")

    @property
    def answers(self) -> Locator:
        """Return the bubbles of Griot on the phone in hand."""
        return self.phone.locator(".bubbles > .theirs:not(.typing-row)")

    def open_phone(self, city: str) -> None:
        """Take the phone of this city's coordinator."""
        self.page.goto("/simulator")
        self.open_people()
        self.page.locator(".people .whose", has_text=city).click()
        head = self.page.locator(".phone-head", has_text=city)
        self.phone = self.page.locator(".phone").filter(has=head)
        expect(self.phone).to_be_visible()

    def open_people(self) -> None:
        """Show the list of people: on a narrow screen it has a tab of its own."""
        if self.page.locator(".tabs").is_visible():
            self.page.locator(".tabs a").first.click()
        expect(self.page.locator("#people")).to_be_visible()

    def say(self, text: str) -> str:
        """Write a message with the keyboard and return the answer."""
        before = self.answers.count()
        self.phone.locator("textarea").fill(text)
        self.phone.locator("textarea").press("Enter")
        return self._answer(before)

    def tap(self, number: int) -> str:
        """Tap an option of the last message and return the answer."""
        before = self.answers.count()
        self.answers.last.locator(".options button").nth(number - 1).click()
        return self._answer(before)

    def _answer(self, before: int) -> str:
        expect(self.answers.nth(before)).to_be_visible(timeout=WAIT)
        expect(self.phone.locator(".typing-row")).to_have_count(0, timeout=WAIT)
        return self.answers.last.inner_text()

    def fill_in(self, words: str) -> str:
        """Answer one question after another until the receipt, and return its reference.

        The first of several options is tapped; an open question gets the words, the next one a number, also
        where a lone button would skip it.
        """
        replies = cycle((words, "12"))
        for _ in range(20):
            has_options = self.answers.last.locator(".options button").count() > 1
            answer = self.tap(1) if has_options else self.say(next(replies))
            found = REFERENCE.search(answer)
            if found:
                return found.group()
        raise AssertionError("no receipt after twenty answers")


@pytest.mark.parametrize(
    ("language", "size", "word"),
    [
        pytest.param("fr", WIDE, "rapport", id="French, wide"),
        pytest.param("ar", NARROW, "تقرير", id="Arabic, on a phone"),
    ],
)
def test_a_newcomer_reports_and_reads_the_result(
    browser: Browser, demo: str, language: str, size: tuple[int, int], word: str
) -> None:
    """From the first word to the city's page, by taps and typing; nothing is fetched from elsewhere."""
    visit = Visit(browser, demo, size, language)
    page, words = visit.page, f"Atelier avec 40 personnes ({language})"
    visit.open_phone(COORDINATOR[language])
    direction = "rtl" if language == "ar" else "ltr"
    assert visit.phone.locator(".thread").get_attribute("dir") == direction
    assert page.locator("html").get_attribute("dir") == direction
    visit.say(word)
    reference = visit.fill_in(words)
    visit.open_people()
    page.locator(".bar form button").click()
    page.locator("main button").click()
    row = page.locator("tbody tr", has_text=reference)
    expect(row).to_have_count(1)
    row.locator("a").click()
    expect(page.locator(".report").first).to_contain_text(reference)
    expect(page.locator(".report").first).to_contain_text(words)
    assert visit.faults == []


def test_without_script_the_phone_works(browser: Browser, demo: str) -> None:
    """Plain forms; the page loads itself again until the answer is there."""
    visit = Visit(browser, demo, WIDE, "en", script=False)
    visit.open_phone("Kampala")
    before = visit.answers.count()
    visit.phone.locator("textarea").fill("report")
    visit.phone.locator(".composer button").click()
    expect(visit.answers.nth(before)).to_be_visible(timeout=WAIT)
    expect(visit.page.locator("meta[http-equiv=refresh]")).to_have_count(0, timeout=WAIT)
    visit.answers.last.locator(".options button").first.click()
    expect(visit.answers.nth(before + 1)).to_be_visible(timeout=WAIT)
    assert visit.faults == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_photo_is_attached(browser: Browser, demo: str, tmp_path: Path, script: bool) -> None:
    """The paper clip takes a file, the text beside it is its caption; it is kept with the report, cleaned."""
    photo = tmp_path / "kiosque.jpg"
    photo.write_bytes(a_photo())
    visit = Visit(browser, demo, NARROW if script else WIDE, "fr", script=script)
    visit.open_phone("Bamako" if script else "Niamey")
    before = visit.answers.count()
    visit.phone.locator("textarea").fill("rapport good_practice")
    visit.phone.locator(".composer button").click()
    expect(visit.answers.nth(before)).to_be_visible(timeout=WAIT)
    before = visit.answers.count()
    visit.phone.locator("[type=file]").set_input_files(photo)
    if script:
        expect(visit.phone.locator(".chosen")).to_have_text("kiosque.jpg")
    visit.phone.locator(".composer button").click()
    expect(visit.answers.nth(before)).to_contain_text("photo", timeout=WAIT)
    expect(visit.phone.locator(".mine .attached").last).to_have_text("photo kiosque.jpg")
    expect(visit.phone.locator(".chosen")).to_have_text("")
    assert visit.faults == []


def test_a_file_that_is_too_large_is_not_sent(browser: Browser, demo: str, tmp_path: Path) -> None:
    """It is said at once, before a slow line has carried it."""
    film = tmp_path / "film.mp4"
    film.write_bytes(b"x" * 10_000_001)
    visit = Visit(browser, demo, WIDE, "pt")
    visit.open_phone("Matola")
    visit.phone.locator("[type=file]").set_input_files(film)
    expect(visit.phone.locator(".chosen")).to_contain_text("10 MB")
    visit.phone.locator(".composer button").click()
    expect(visit.phone.locator(".mine .attached")).to_have_count(0)
    assert visit.faults == []


def test_lines_and_shift_enter(browser: Browser, demo: str) -> None:
    """Shift and Enter begin a line, Enter sends; the field is empty again."""
    visit = Visit(browser, demo, WIDE, "en")
    visit.open_phone("Kumasi")
    field = visit.phone.locator("textarea")
    field.press_sequentially("first line")
    field.press("Shift+Enter")
    field.press_sequentially("second line")
    field.press("Enter")
    expect(visit.phone.locator(".mine p").last).to_have_text("first line\nsecond line", timeout=WAIT)
    assert field.input_value() == ""
    assert visit.faults == []


KINDS = ("Prompt", "Nudge", "Digest")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_clock_brings_a_week_in_minutes(browser: Browser, own_demo: str, size: tuple[int, int]) -> None:
    """From event to event: each arrives on its phone by itself; then the coordinator begins to answer."""
    visit = Visit(browser, own_demo, size, "en")
    page, seen = visit.page, set[str]()
    visit.open_phone("Kampala")
    for _ in range(30):
        event = page.locator(".events li").first.inner_text()
        told = page.get_by_label(f"The phone of {event.rpartition(' to ')[2]}").locator(".theirs")
        before = told.count()
        page.locator(".jump .next").click()
        expect(told.nth(before)).to_be_attached(timeout=WAIT)
        expect(page.locator(".events li").first).not_to_have_text(event, timeout=WAIT)
        seen |= {kind for kind in KINDS if f"· {kind} to" in event}
        if seen == set(KINDS):
            break
    assert seen == set(KINDS)
    assert visit.say("1")
    assert visit.faults == []


def test_without_script_the_clock_works(browser: Browser, own_demo: str) -> None:
    """The page loads itself again once what was due has left."""
    visit = Visit(browser, own_demo, WIDE, "en", script=False)
    visit.page.goto("/simulator")
    visit.page.locator(".jump .next").click()
    expect(visit.page.locator(".bubbles > .theirs").first).to_be_visible(timeout=WAIT)
    assert visit.faults == []


@pytest.mark.parametrize("language", ["en", "fr", "pt", "ar"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_pages_fit_and_can_be_reached(
    browser: Browser, demo: str, language: str, size: tuple[int, int]
) -> None:
    """No page scrolls sideways, every target has 24 px, focus can be seen (WCAG 2.2 AA)."""
    visit = Visit(browser, demo, size, language)
    page = visit.page
    for path in (
        "/simulator",
        "/simulator#people",
        "/simulator?phones=8.sms,2.email,13.whatsapp",
        "/sign-in",
    ):
        page.goto(path)
        check(page)
    page.goto("/simulator#people")
    for link in (".bar form button", "main button", "tbody a"):
        with page.expect_navigation():
            page.locator(link).first.click()
        check(page)
    assert visit.faults == []


def check(page: Page) -> None:
    """Measure what stands on the page."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    assert page.evaluate(SMALL) == [], page.url
    assert page.evaluate(PALE) == [], page.url
    page.keyboard.press("Tab")
    seen = (
        "(e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth)(document.activeElement)"
    )
    assert page.evaluate(seen).startswith("solid3"), page.url


SMALL = """
[...document.querySelectorAll("a, button, textarea")].map(e => [e, e.getBoundingClientRect()])
  .filter(([e, box]) => box.width > 1 && (box.width < 24 || box.height < 24)).map(([e]) => e.outerHTML)
"""

# Texts whose contrast with what lies behind them is below 4.5 (WCAG 2.2, 1.4.3).
PALE = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (let at = e; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  return [...document.querySelectorAll("body *")]
    .filter(e => e.checkVisibility() && e.offsetWidth > 1)
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .filter(e => {
      const [dark, pale] = [light(rgba(getComputedStyle(e).color)), light(behind(e))].sort((a, b) => a - b);
      return (pale + 0.05) / (dark + 0.05) < 4.5;
    }).map(e => e.outerHTML.slice(0, 200));
})()
"""
