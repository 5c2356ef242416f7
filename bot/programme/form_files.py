"""What must agree between a programme and its form files."""

from collections.abc import Mapping

from bot.programme.draft import Draft
from bot.programme.shapes import FormDigest, FormEntry, Rule


def check_forms(
    draft: Draft,
    files: Mapping[str, bytes],
    forms: Mapping[str, FormEntry],
    rules: Mapping[int, Rule],
    digest: Mapping[str, FormDigest],
) -> None:
    """Keep every fault of the form files, and what rules and digest ask of them in vain."""
    for name, entry in forms.items():
        if entry.file not in files:
            mend = "Add the file to the programme's folder, or correct the name."
            draft.fault("missing_file", ("forms", name, "file"), f"{entry.file} is not there.", mend)
