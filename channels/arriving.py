"""What was fetched becomes what is kept: its type by content, its photos cleaned."""

from dataclasses import dataclass

from channels.file_types import PHOTOS, file_type

MOST_BYTES = 10_000_000  # domain rules section 5: a document at most 10 MB


class UnfitError(Exception):
    """The file is not kept: why, in words for the Secretariat."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that may be kept."""

    content: bytes
    extension: str
    content_type: str


def fit_to_keep(content: bytes) -> Kept:
    """Return the file as it is kept; raise UnfitError for a type that is not taken, or a broken photo."""
    found = file_type(content)
    if found is None:
        raise UnfitError("a type of file that is not taken")
    if found.extension not in PHOTOS:
        return Kept(content, found.extension, found.content_type)
    from channels.photos import PhotoError, cleaned  # Pillow costs 5 MiB: only where a photo is cleaned

    try:
        photo, type_now = cleaned(content)
    except PhotoError as error:
        raise UnfitError(str(error)) from None
    return Kept(photo, type_now.extension, type_now.content_type)
