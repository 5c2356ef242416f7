"""What people attached, given out as files: to whom may read the report, never shown in a page."""

from flask import Blueprint, abort, send_file
from werkzeug.wrappers import Response

from console.cities import only_signed_in
from console.pages import reach
from console.parts import Parts, given
from models.db import read
from models.media import kept_within


def rooms(parts: Parts) -> Blueprint:
    """Return the blueprint of attachments; only for who is signed in."""
    room = Blueprint("media", __name__)
    room.before_request(only_signed_in)
    room.add_url_rule("/media/<int(max=2147483647):id>", "file", given(parts, file))
    return room


def file(parts: Parts, id: int) -> Response:
    """Return an attachment to be saved; 404 for one out of reach, or not kept."""
    found = read(parts.store, lambda db: kept_within(db, reach(), id))
    path = parts.media.find(found.path) if found else None
    if found is None or path is None:
        abort(404)
    name = f"griot-{found.id}{path.suffix}"  # the sender's own name may be anything
    return send_file(path, found.content_type, as_attachment=True, download_name=name, etag=False)
