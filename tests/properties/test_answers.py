"""Reading an answer never fails, whatever is written, and what is understood can be shown."""

from datetime import date
from gettext import NullTranslations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.forms.form import Choice
from bot.questions import TYPES
from bot.questions.base import Asked
from bot.say import Voice
from bot.values import Answer, Doubt, Heard, Press, Rejection, Toggled

CHOICES = (Choice("a", {"en": "Roads", "ar": "الطرق"}), Choice("b", {"fr": "Oui"}), Choice("c", {}))
WORDS = (
    "0 1 3 15 99 2026 ٣ ۹ , . ٫ / - : h pm k mille millions et و demi next last friday vendredi الجمعة in ago"
    " há dias قبل أسبوع janvier شتنبر all sauf none yes لا ° ' N E @ https:// ½ ² 👍 \u200f ( ) ~"
)
PARTS = st.sampled_from((*WORDS.split(), "\n", " "))
WRITTEN = st.one_of(
    st.text(max_size=80), st.lists(PARTS, max_size=8).map(" ".join), st.lists(PARTS).map("".join)
)
LANGUAGES = st.sampled_from(("en", "fr", "pt", "ar"))
EXAMPLES = settings.default.max_examples if settings.default else 100


@given(
    st.sampled_from(sorted(TYPES)),
    WRITTEN,
    LANGUAGES,
    st.dates(date(2000, 1, 1), date(2090, 1, 1)),
    st.booleans(),
)
@example("date", "in 400 weeks", "en", date(2026, 1, 31), True)
@example("date", "30", "en", date(2026, 1, 31), True)
@example("geopoint", "°" * 99, "en", date(2026, 1, 31), True)
@settings(max_examples=6 * EXAMPLES, deadline=None)
def test_anything_is_read_or_asked_again(
    kind: str, said: str, language: str, today: date, is_required: bool
) -> None:
    """Each type answers, doubts or rejects; what it understood has words."""
    asked = Asked("", CHOICES, ("en", "fr", "ar"), today, is_required=is_required)
    say = Voice(language, NullTranslations())
    reading = TYPES[kind].read(asked, Heard(text=said), say)
    assert isinstance(reading, Answer | Doubt | Rejection | Toggled)
    if isinstance(reading, Answer | Doubt) and reading.value is not None:
        assert TYPES[kind].shown(asked, reading.value, say)
    if isinstance(reading, Rejection):
        assert reading.text


@given(st.sampled_from(sorted(TYPES)), st.integers(-3, 9))
def test_any_tap_is_read_or_asked_again(kind: str, option: int) -> None:
    """A button that is not of the question is no fault either."""
    reading = TYPES[kind].read(
        Asked("", CHOICES), Heard(press=Press("t", option)), Voice("en", NullTranslations())
    )
    assert isinstance(reading, Answer | Doubt | Rejection | Toggled)
