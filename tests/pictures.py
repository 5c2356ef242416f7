"""The pictures of docs/forms.md: every question of docs/examples/market_visit.md on a phone, answered.

`python -m tests.pictures` makes them anew with the demonstration and a Chromium.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import FilePayload, FloatRect, Locator, Page, expect, sync_playwright

from tests.journeys.test_browser import CHROMIUM, free_port

ROOT = Path(__file__).resolve().parent.parent
FORM = ROOT / "docs" / "examples" / "market_visit.md"
PICTURES = ROOT / "docs" / "pictures" / "forms"
PLACES = {"en": ("kampala", "report market_visit"), "fr": ("bamako", "rapport market_visit")}
FILES = {"photo.jpg": "image/jpeg", "note.ogg": "audio/ogg", "film.mp4": "video/mp4"}
COLOURS = 64
WIDTH, MARGIN = 360, 8  # pixels: of the phone, between bubbles
SETTLED = 300  # milliseconds in which a new bubble has arrived

# What is written at each question, and the name of its picture ("" for none).
ANSWERS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        ("text", "Central market"),
        ("date", "last friday"),
        ("time", "7:30 am"),
        ("datetime", "tomorrow at 10 am"),
        ("integer", "1 250"),
        ("decimal", "2.5 million"),
        ("range", "4"),
        ("select_one", "yes"),
        ("or_other", "a firm"),
        ("select_multiple", "1-3"),
        ("rank", "2 3 1"),
        ("geopoint", "0.3136, 32.5811"),
        ("barcode", "6001234567895"),
        ("image", "photo.jpg"),
        ("audio", "note.ogg"),
        ("video", "film.mp4"),
        ("file", "https://example.org/plan.pdf"),
        ("field_list", "24\n18"),
        ("repeat", "Mend the roof"),
        ("another", "no"),
        ("guidance", "why"),
        ("", "Rain on the stalls"),
        ("acknowledge", "1"),
        ("", "1"),
        ("", "report market_visit"),
        ("last_saved", "1"),
    ),
    "fr": (
        ("text", "Grand marché"),
        ("date", "vendredi dernier"),
        ("time", "7h30"),
        ("datetime", "demain à 10h"),
        ("integer", "1 250"),
        ("decimal", "2,5 millions"),
        ("range", "4"),
        ("select_one", "oui"),
        ("or_other", "une entreprise"),
        ("select_multiple", "1-3"),
        ("rank", "2 3 1"),
        ("geopoint", "12.6392, -8.0029"),
        ("barcode", "6001234567895"),
        ("image", "photo.jpg"),
        ("audio", "note.ogg"),
        ("video", "film.mp4"),
        ("file", "https://example.org/plan.pdf"),
        ("field_list", "24\n18"),
        ("repeat", "Réparer le toit"),
        ("another", "non"),
        ("guidance", "pourquoi"),
        ("", "La pluie sur les étals"),
        ("acknowledge", "1"),
        ("", "1"),
        ("", "rapport market_visit"),
        ("last_saved", "1"),
    ),
}


def make() -> None:
    """Make every picture anew."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _demo(Path(folder)) as (address, people),
        sync_playwright() as player,
    ):
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for language, (city, opening) in PLACES.items():
            size = {"width": WIDTH, "height": 1200}
            page = browser.new_page(viewport=size, device_scale_factor=1.5, locale=language)
            page.goto(f"{address}/{people[city]}")
            _walk(page, language, opening)
        browser.close()


def _walk(page: Page, language: str, opening: str) -> None:
    _say(page, opening)
    for name, answer in ANSWERS[language]:
        question = _picture(page, page.locator(".bubbles > .theirs").last)
        _say(page, answer)
        if name:
            reply = _picture(page, page.locator(".bubbles > .mine").last)
            _keep(question, reply, PICTURES / language / f"{name}.png")


def _say(page: Page, text: str) -> None:
    """Write a message, or attach a file of this name, and wait until it is answered."""
    before = page.locator(".bubbles > .theirs:not(.typing-row)").count()
    if content_type := FILES.get(text):
        file = FilePayload(name=text, mimeType=content_type, buffer=b"a file")
        page.locator(".composer input[type=file]").first.set_input_files(file)
    else:
        page.locator(".composer textarea").first.fill(text)
    page.locator(".composer button").first.click()
    expect(page.locator(".bubbles > .theirs:not(.typing-row)")).to_have_count(before + 1, timeout=15_000)


def _picture(page: Page, bubble: Locator) -> Image.Image:
    """Return the strip of the phone that holds a bubble."""
    bubble.scroll_into_view_if_needed()
    page.wait_for_timeout(SETTLED)
    box = bubble.bounding_box()
    if box is None:
        raise LookupError("there is no bubble")
    clip = FloatRect(x=0, y=box["y"] - MARGIN / 2, width=WIDTH, height=box["height"] + MARGIN)
    return Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")


def _keep(question: Image.Image, reply: Image.Image, file: Path) -> None:
    """Keep the question and the reply below it as one picture."""
    both = Image.new("RGB", (question.width, question.height + reply.height))
    both.paste(question, (0, 0))
    both.paste(reply, (0, question.height))
    file.parent.mkdir(parents=True, exist_ok=True)
    both.quantize(COLOURS).save(file, optimize=True)


@contextmanager
def _demo(folder: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """Let a demonstration run that knows the form; yield the simulator's address, and who reports by city."""
    port, griot = free_port(), str(Path(sys.executable).with_name("griot"))
    own = {"DATABASE_URL": f"sqlite:///{folder / 'demo.db'}", "GRIOT_VAR": str(folder), "PORT": str(port)}
    settings = {**os.environ, **own}
    running = subprocess.Popen(
        [griot, "run", "--demo"], cwd=ROOT, env=settings, stdout=subprocess.PIPE, text=True
    )
    try:
        if running.stdout is None or not running.stdout.readline():
            raise OSError("the demonstration did not start")
        subprocess.run([griot, "form", "add", str(FORM)], cwd=ROOT, env=settings, check=True)
        listed = subprocess.check_output([griot, "person", "list", "--json"], cwd=ROOT, env=settings)
        people = {one["city"]: one["id"] for one in json.loads(listed) if one["role"] == "coordinator"}
        yield f"http://127.0.0.1:{port}/simulator", people
    finally:
        running.terminate()
        running.wait(15)


if __name__ == "__main__":
    make()
