"""One module per question type, one line each in TYPES."""

from bot.questions.acknowledge import Acknowledge
from bot.questions.another import Another
from bot.questions.attachment import Attachment
from bot.questions.barcode import Barcode
from bot.questions.base import QuestionType
from bot.questions.date import Date
from bot.questions.datetime import DateTime
from bot.questions.decimal import Decimal
from bot.questions.geopoint import Geopoint
from bot.questions.integer import Integer
from bot.questions.range import Range, bounds
from bot.questions.rank import Rank, in_order
from bot.questions.select_multiple import SelectMultiple
from bot.questions.select_one import SelectOne
from bot.questions.text import Text
from bot.questions.time import Time
from bot.values import MediaKind

TYPES: dict[str, QuestionType] = {
    "select_one": SelectOne(),
    "select_multiple": SelectMultiple(),
    "integer": Integer(),
    "decimal": Decimal(),
    "text": Text(),
    "date": Date(),
    "image": Attachment(MediaKind.IMAGE),
    "audio": Attachment(MediaKind.AUDIO),
    "video": Attachment(MediaKind.VIDEO),
    "file": Attachment(MediaKind.FILE),
    "geopoint": Geopoint(),
    "time": Time(),
    "datetime": DateTime(),
    "rank": Rank(),
    "range": Range(),
    "acknowledge": Acknowledge(),
    "barcode": Barcode(),
    "another": Another(),
}

HOW = {"range": bounds, "rank": in_order}  # what an answer looks like, said with the question

MEDIA_TYPES = frozenset(str(kind) for kind in MediaKind)


def type_named(name: str) -> QuestionType:
    """Return the question type; what has none of its own yet is asked as text."""
    return TYPES.get(name, TYPES["text"])
