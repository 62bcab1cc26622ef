"""Resumable uploads: /uploads, the tus protocol 1.0.0 with creation, expiration and termination.

See https://tus.io/protocols/resumable-upload. A finished upload bears the sha256 of the asset it
became in the header `Enseigne-Asset`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from email.utils import formatdate
from typing import IO

from flask import Blueprint, Response, json, request
from werkzeug.wrappers import Response as AnyResponse

from server.api import requests
from server.api.problems import WrongMedia, problem
from server.errors import BadInput, ServerError
from server.services.library import uploads
from server.services.library.uploads import FileRefused, Progress

blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")

VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination"
PIECE = "application/offset+octet-stream"
ASSET_HEADER = "Enseigne-Asset"
PIECE_BYTES = 16 * 1024 * 1024
"""One request carries this much at most; clients part longer files."""
CHUNK_BYTES = 256 * 1024


class OtherVersion(ServerError):
    """The client speaks another version of the protocol."""

    status = 412
    code = "tus_version"


@blueprint.before_request
def _open() -> None:
    requests.check_address()
    if request.method == "OPTIONS":
        return
    requests.authenticate()
    if request.headers.get("Tus-Resumable") != VERSION:
        raise OtherVersion(f"Send Tus-Resumable: {VERSION}.")


@blueprint.after_request
def _close(response: Response) -> Response:
    response.headers["Tus-Resumable"] = VERSION
    response.headers["Tus-Version"] = VERSION
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.errorhandler(FileRefused)
def _refused(refused: FileRefused) -> AnyResponse:
    """A problem (RFC 9457) with the reason in every language, for the page to show."""
    answer = problem(refused.status, refused.code, refused.message, field=refused.field)
    answer.data = json.dumps({**answer.get_json(), "said": dict(refused.said)})
    return answer


@blueprint.route("", methods=["OPTIONS"])
def about() -> AnyResponse:
    """What this server can do."""
    most = str(requests.context().settings.max_upload_bytes)
    return Response(status=204, headers={"Tus-Extension": EXTENSIONS, "Tus-Max-Size": most})


@blueprint.post("")
def begin() -> AnyResponse:
    """Begin an upload of Upload-Length bytes, called as `filename` in Upload-Metadata says."""
    made = uploads.begin(requests.context(), requests.actor(), _name(), _number("Upload-Length"))
    return _answer(made, 201, Location=f"/uploads/{made.id}")


@blueprint.route("/<upload>", methods=["HEAD"])
def progress(upload: str) -> AnyResponse:
    """Where it goes on."""
    found = uploads.progress(requests.context(), requests.actor(), upload)
    return _answer(found, 200, **{"Upload-Length": str(found.length)})


@blueprint.patch("/<upload>")
def proceed(upload: str) -> AnyResponse:
    """Send the bytes from Upload-Offset on."""
    if request.mimetype != PIECE:
        raise WrongMedia(f"Send a piece as {PIECE}.")
    request.max_content_length = PIECE_BYTES
    offset = _number("Upload-Offset")
    pieces = _chunks(request.stream)
    return _answer(
        uploads.proceed(requests.context(), requests.actor(), upload, offset, pieces), 204
    )


@blueprint.delete("/<upload>")
def give_up(upload: str) -> AnyResponse:
    """Forget it."""
    uploads.give_up(requests.context(), requests.actor(), upload)
    return Response(status=204)


def _answer(found: Progress, status: int, **headers: str) -> AnyResponse:
    given = {"Upload-Offset": str(found.offset), **headers}
    if found.asset:
        given[ASSET_HEADER] = found.asset
    else:
        given["Upload-Expires"] = formatdate(found.expires_at / 1000, usegmt=True)
    return Response(status=status, headers=given)


def _number(header: str) -> int:
    said = request.headers.get(header, "")
    if not (said.isascii() and said.isdigit() and len(said) <= 15):
        raise BadInput(f"{header} is a whole number of bytes.", field=header)
    return int(said)


def _name() -> str:
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                return base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                message = "Upload-Metadata holds names with their values in base64."
                raise BadInput(message, field="Upload-Metadata") from None
    return "file"


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk
