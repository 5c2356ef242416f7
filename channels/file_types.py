"""What a file is, by its content: only what the Secretariat can open without harm is taken."""

import io
import re
import zipfile
from dataclasses import dataclass

import filetype

from bot.values import MediaKind

MOST_PARTS = 5_000  # of an office file; the longest reports have some hundreds
_TEXT_LOOKED_AT = 65_536  # bytes
_ENTRY = b"PK\x01\x02"  # APPNOTE 4.3.12: begins each line of a zip file's directory


@dataclass(frozen=True, slots=True)
class FileType:
    """A type that is taken: the end of a file's name, and what a browser is told."""

    extension: str
    content_type: str


PHOTOS = frozenset({"jpg", "png", "webp", "gif"})  # cleaned before they are kept
_PLAIN = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "amr": "audio/amr",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "3gp": "video/3gpp",
    "mov": "video/quicktime",
    "pdf": "application/pdf",
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OFFICE_PARTS = {  # ECMA-376: the part that each kind of document has
    "word/document.xml": FileType("docx", f"{_OFFICE}wordprocessingml.document"),
    "xl/workbook.xml": FileType("xlsx", f"{_OFFICE}spreadsheetml.sheet"),
    "ppt/presentation.xml": FileType("pptx", f"{_OFFICE}presentationml.presentation"),
}
_OPEN_DOCUMENTS = {  # OpenDocument 1.3, part 2, section 3.3: the first entry names the type
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
}
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # [MS-CFB], header signature
_OLD_STREAMS = {  # [MS-DOC], [MS-XLS], [MS-PPT]: the stream that each kind of document has
    "WordDocument": FileType("doc", "application/msword"),
    "Workbook": FileType("xls", "application/vnd.ms-excel"),
    "PowerPoint Document": FileType("ppt", "application/vnd.ms-powerpoint"),
}
_KINDS = {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}
_MACROS = re.compile(r"(^|/)(vbaProject\.bin|Basic/)", re.IGNORECASE)
_MARKUP = re.compile(r"\ufeff?\s*(<|#!)")  # pages, drawings and scripts run where they are opened


def kind_of(content_type: str) -> MediaKind:
    """Return the kind that a declared type belongs to; what is none of the others is a file."""
    return _KINDS.get(content_type.partition("/")[0].strip().lower(), MediaKind.FILE)


def file_type(content: bytes) -> FileType | None:
    """Return what a file is, or None for a type that is not taken."""
    found = filetype.guess(content)
    name = found.extension if found else ""
    if content.startswith(_OLD_OFFICE):
        return _old_office(content)
    if content.startswith(b"PK\x03\x04"):
        return _zipped(content)
    if content[4:11] == b"ftyp3gp":  # 3GPP TS 26.244, section 5.4; the library looks at the wrong place
        return FileType("3gp", _PLAIN["3gp"])
    if name in _PLAIN:
        return FileType(name, _PLAIN[name])
    return None if found else _text(content)


def _zipped(content: bytes) -> FileType | None:
    """Return which office document a zip file is; one with macros is not taken, nor is any other zip."""
    if content.count(_ENTRY) > MOST_PARTS:  # before a list of them is made
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if any(_MACROS.search(name) for name in names):
                return None
            if names[:1] == ["mimetype"]:
                return _open_document(archive)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return None
    return next((kind for part, kind in _OFFICE_PARTS.items() if part in names), None)


def _open_document(archive: zipfile.ZipFile) -> FileType | None:
    with archive.open("mimetype") as part:
        named = part.read(200).decode("ascii", "replace").strip()
    return FileType(_OPEN_DOCUMENTS[named], named) if named in _OPEN_DOCUMENTS else None


def _old_office(content: bytes) -> FileType | None:
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        return None
    streams = (kind for name, kind in _OLD_STREAMS.items() if name.encode("utf-16-le") in content)
    return next(streams, None)


def _text(content: bytes) -> FileType | None:
    """Return plain text or a table of it: no markup, nothing that a terminal would obey."""
    head = content[:_TEXT_LOOKED_AT]
    if not head or any(byte < 32 and byte not in b"\t\n\r\f" for byte in head):
        return None
    said = head.decode("utf-8", "replace")
    if _MARKUP.match(said):
        return None
    first = said.partition("\n")[0]
    is_table = any(first.count(mark) >= 1 for mark in ";\t") or first.count(",") >= 2
    return FileType("csv", "text/csv") if is_table else FileType("txt", "text/plain")
