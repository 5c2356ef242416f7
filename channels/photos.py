"""A photo as it is kept: upright, shrunk, and written anew without where and by whom it was taken."""

import io
import threading
import warnings

from PIL import ExifTags, Image

from channels.file_types import FileType

LONGEST_SIDE = 1280  # pixels, domain rules section 5
QUALITY = 80  # of 95: no difference is seen on a phone
MOST_PIXELS = 120_000_000  # of a JPEG file, which is read at a fraction of its size
MOST_PIXELS_WHOLE = 40_000_000  # of the others
_JPEG = FileType("jpg", "image/jpeg")
_PNG = FileType("png", "image/png")
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_TURNS = {  # Exif 2.32, Orientation; 1 is upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ONE_AT_A_TIME = threading.Lock()  # a large photo takes some hundred megabytes for a moment


class PhotoError(Exception):
    """The photo cannot be read, or is too large to be opened."""


def cleaned(content: bytes) -> tuple[bytes, FileType]:
    """Return the photo at most 1280 pixels wide and high, and its type; raise PhotoError.

    Of its metadata only the colour profile stays. What has transparent parts stays PNG, as does a PNG
    drawing that is smaller so; everything else becomes JPEG.
    """
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata, which goes anyway
            return _written(content)
    except PhotoError:
        raise
    except Exception as error:  # noqa: BLE001 - the reader is others' code and the bytes are anyone's
        raise PhotoError(f"the photo cannot be read ({type(error).__name__})") from None


def _written(content: bytes) -> tuple[bytes, FileType]:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as photo:
        most = MOST_PIXELS if photo.format == "JPEG" else MOST_PIXELS_WHOLE
        if photo.width * photo.height > most:
            raise PhotoError(f"the photo has more than {most} pixels")
        is_png = photo.format in ("PNG", "GIF")
        profile = photo.info.get("icc_profile")
        photo.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        shrunk = _upright(photo)
    shrunk.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    is_clear = shrunk.has_transparency_data
    colour = shrunk.convert("RGBA" if is_clear else "RGB")
    keeps_profile = profile if shrunk.mode in ("RGB", "RGBA") else None
    if is_clear:
        return _saved(colour, "PNG", keeps_profile), _PNG
    as_jpeg = _saved(colour, "JPEG", keeps_profile)
    as_png = _saved(colour, "PNG", keeps_profile) if is_png else b""
    return (as_png, _PNG) if as_png and len(as_png) <= len(as_jpeg) else (as_jpeg, _JPEG)


def _upright(photo: Image.Image) -> Image.Image:
    """Return the photo as it was taken; as it lies where its metadata cannot be read.

    Pillow's own `exif_transpose` also writes the metadata anew, and raises where a phone wrote them oddly.
    """
    photo.load()
    try:
        turn = _TURNS.get(photo.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - as above; the picture itself can be read
        turn = None
    return photo.copy() if turn is None else photo.transpose(turn)


def _saved(photo: Image.Image, format: str, profile: bytes | None) -> bytes:
    bare = Image.new(photo.mode, photo.size)
    bare.paste(photo)  # nothing of the old file hangs on to a new picture
    out = io.BytesIO()
    bare.save(out, format, quality=QUALITY, optimize=True, icc_profile=profile)
    return out.getvalue()
