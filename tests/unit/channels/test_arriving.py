"""What is kept of a file that arrives: its type by content, photos without the place they were taken at."""

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

import pytest
from PIL import Image, ImageCms

from channels.arriving import UnfitError, fit_to_keep

GPS, DESCRIPTION = 0x8825, 0x010E  # Exif 2.32: the place, and words about the picture
ORIENTATION = 0x0112


def a_photo(
    size: tuple[int, int] = (1600, 1200), *, turned: int = 1, format: str = "JPEG", mode: str = "RGB"
) -> bytes:
    """Return a photo of a phone, with its place and a comment; its top left corner is red."""
    photo = Image.effect_noise(size, 40).convert(mode)
    photo.paste((255, 0, 0) if mode == "RGB" else (255, 0, 0, 255), (0, 0, size[0] // 4, size[1] // 4))
    exif = Image.Exif()
    exif[DESCRIPTION] = "SECRET-PLACE"
    exif[ORIENTATION] = turned
    exif.get_ifd(GPS).update({1: "N", 2: (12.0, 39.0, 0.0), 3: "W", 4: (8.0, 0.0, 0.0)})
    out = io.BytesIO()
    more = {"comment": b"SECRET-PLACE", "xmp": b"<x>SECRET-PLACE</x>"} if format == "JPEG" else {}
    photo.save(out, format, exif=exif, icc_profile=_profile(), **more)
    return out.getvalue()


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def a_zip(*names: str, mimetype: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x" * 60)
    return out.getvalue()


def a_box(brand: bytes) -> bytes:
    return struct.pack(">I", 24) + b"ftyp" + brand + b"\0\0\2\0" + brand + b"\0" * 100


def an_old_document(stream: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + stream.encode("utf-16-le")


ODF = "application/vnd.oasis.opendocument."
TAKEN = [
    ("ogg", b"OggS\0\2" + b"\0" * 20 + b"OpusHead" + b"\0" * 100),
    ("mp3", b"ID3\3\0\0\0\0\0\x0a" + b"\0" * 100),
    ("mp3", b"\xff\xfb\x90\x64" + b"\0" * 100),
    ("m4a", a_box(b"M4A ")),
    ("aac", b"\xff\xf1\x50\x80\2\x1f\xfc" + b"\0" * 100),
    ("amr", b"#!AMR\n" + b"\x3c" * 100),
    ("wav", b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 100),
    ("mp4", a_box(b"mp42")),
    ("3gp", a_box(b"3gp4")),
    ("mov", a_box(b"qt  ")),
    ("pdf", b"%PDF-1.7\n" + b"%\n" * 50),
    ("docx", a_zip("[Content_Types].xml", "word/document.xml")),
    ("xlsx", a_zip("xl/workbook.xml", "[Content_Types].xml")),
    ("pptx", a_zip("[Content_Types].xml", "ppt/presentation.xml")),
    ("odt", a_zip("content.xml", mimetype=ODF + "text")),
    ("ods", a_zip("content.xml", mimetype=ODF + "spreadsheet")),
    ("odp", a_zip("content.xml", mimetype=ODF + "presentation")),
    ("doc", an_old_document("WordDocument")),
    ("xls", an_old_document("Workbook")),
    ("ppt", an_old_document("PowerPoint Document")),
    ("txt", "Procès-verbal de la réunion\n".encode()),
    ("txt", "محضر الاجتماع".encode()),
    ("csv", b"name,people,women\nA,3,2\n"),
    ("csv", "nom;prénom\n".encode("latin-1")),
]
REFUSED = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"MZ\x90\0" + b"\0" * 200, id="a program for Windows"),
    pytest.param(b"\x7fELF" + b"\0" * 200, id="a program for Linux"),
    pytest.param(b"#!/bin/sh\nrm -rf ~\n", id="a script"),
    pytest.param(b"<!DOCTYPE html><html></html>", id="a page"),
    pytest.param(b"\xef\xbb\xbf \n<svg xmlns='http://www.w3.org/2000/svg'/>", id="a drawing that may run"),
    pytest.param(a_zip("AndroidManifest.xml", "classes.dex"), id="an app"),
    pytest.param(a_zip("a.txt"), id="any zip"),
    pytest.param(a_zip("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), id="macros"),
    pytest.param(an_old_document("WordDocument") + "_VBA_PROJECT".encode("utf-16-le"), id="old macros"),
    pytest.param(an_old_document("Something"), id="an installer"),
    pytest.param(b"PK\x03\x04" + b"\0" * 100, id="a broken zip"),
    pytest.param(a_box(b"heic"), id="HEIC: its place cannot be taken out"),
    pytest.param(a_zip("content.xml", mimetype="application/epub+zip"), id="a book"),
    pytest.param(b"\0\1\2\3" * 50, id="nobody knows what"),
]


@pytest.mark.parametrize(("extension", "content"), TAKEN, ids=[name for name, _ in TAKEN])
def test_files_are_known_by_their_content(extension: str, content: bytes) -> None:
    """Each type that is taken is kept as it came."""
    kept = fit_to_keep(content)
    assert (kept.extension, kept.content) == (extension, content)
    assert kept.content_type


@pytest.mark.parametrize("content", REFUSED)
def test_what_may_do_harm_is_not_kept(content: bytes) -> None:
    """Programs, scripts, pages, drawings, archives and macros are refused, whatever their name says."""
    with pytest.raises(UnfitError):
        fit_to_keep(content)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_photo_loses_its_place_and_shrinks(format: str) -> None:
    """At most 1280 pixels a side; of the metadata only the colour profile stays."""
    kept = fit_to_keep(a_photo(format=format))
    with Image.open(io.BytesIO(kept.content)) as photo:
        assert photo.size == (1280, 960)
        assert not photo.getexif()
        assert photo.info.get("icc_profile")
        assert not {"comment", "xmp", "exif"} & set(photo.info)
        assert photo.format == "JPEG"  # a photo saved as PNG would be larger
    assert b"SECRET" not in kept.content
    assert kept.content_type == "image/jpeg"


def test_a_photo_is_turned_upright() -> None:
    """Orientation 6 (turned a quarter) is applied, as it goes with the rest of the metadata."""
    kept = fit_to_keep(a_photo((1600, 1200), turned=6))
    with Image.open(io.BytesIO(kept.content)) as photo:
        assert photo.size == (960, 1280)
        red, green, _ = _pixel(photo, (940, 20))  # the red corner is at the top right now
        assert red > 200
        assert green < 80


@pytest.mark.parametrize("changes", [{73: 5}, {15: 12, 19: 12, 110: 5}, {17: 2, 119: 255}])
def test_a_photo_with_odd_metadata_is_kept(changes: dict[int, int]) -> None:
    """Phones write types and lengths wrongly; Pillow reads such metadata, and cannot write it again."""
    photo = bytearray(a_photo((64, 48), turned=6))
    at = photo.index(b"Exif")
    for place, byte in changes.items():
        photo[at + place] = byte
    with Image.open(io.BytesIO(fit_to_keep(bytes(photo)).content)) as kept:
        assert kept.size in {(64, 48), (48, 64)}
        assert not kept.getexif()


def _pixel(photo: Image.Image, at: tuple[int, int]) -> Sequence[int]:
    pixel = photo.convert("RGB").getpixel(at)
    assert isinstance(pixel, tuple)
    return [int(part) for part in pixel]


def test_a_drawing_stays_png() -> None:
    """What is smaller as PNG, or has transparent parts, stays PNG; a small one is not enlarged."""
    for drawing in (Image.new("RGB", (300, 200), "white"), Image.new("RGBA", (300, 200), (0, 0, 0, 0))):
        out = io.BytesIO()
        drawing.save(out, "PNG")
        kept = fit_to_keep(out.getvalue())
        with Image.open(io.BytesIO(kept.content)) as photo:
            assert (kept.extension, photo.size) == ("png", (300, 200))


@pytest.mark.parametrize("mode", ["CMYK", "L", "P", "1"])
def test_photos_of_other_colours_are_taken(mode: str) -> None:
    """Scans in grey, two colours or a printer's colours can be read."""
    out = io.BytesIO()
    Image.new("RGB", (200, 100), "teal").convert(mode).save(out, "JPEG" if mode in ("CMYK", "L") else "PNG")
    assert fit_to_keep(out.getvalue()).extension in ("jpg", "png")


def test_a_broken_photo_is_not_kept() -> None:
    """Half a photo, and one that claims more pixels than can be opened."""
    whole = a_photo()
    with pytest.raises(UnfitError, match="cannot be read"):
        fit_to_keep(whole[: len(whole) // 2])
    with pytest.raises(UnfitError, match=r"pixels|cannot be read"):
        fit_to_keep(_claiming(60_000, 60_000))


def _claiming(width: int, height: int) -> bytes:
    """Return a PNG file of some bytes that says it is so large."""
    out = io.BytesIO()
    Image.new("1", (8, 8)).save(out, "PNG")
    head = struct.pack(">II", width, height)
    small = out.getvalue()
    body = b"IHDR" + head + small[24:29]
    return small[:12] + body + struct.pack(">I", zlib.crc32(body)) + small[33:]
