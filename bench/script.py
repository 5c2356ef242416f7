"""What a coordinator writes to report: the same whatever is measured."""

import re

OPENING = "/report"
ANSWERS = ("1", "3", "Workshop with the market women, 40 people.", "2", "1", "-", "Visit on Friday.")
"""The shortest weekly update; with the opening and SEND nine replies, each answered by one message."""
EACH = "2"  # said to "is all of last time still so?"
SEND = "1"
ADD = "2"  # said to "replace the report of this week, or add one?"
FIRST_QUESTION = re.compile(r"^1/\d+ ", re.MULTILINE)
