"""Tables that a person sends a connector: looked at first, then taken:
/api/v1/connectors/<id>/file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, Annotated, Any

from flask import request
from pydantic import Field
from werkzeug.exceptions import RequestEntityTooLarge

from server.api.kit import Call, Done, operation, resource
from server.api.shapes import Shape
from server.errors import BadInput, TooLarge
from server.services import connectors
from server.services.connectors import Preview

blueprint = resource("connector_files")

CHUNK_BYTES = 65_536
FORM_BYTES = 64 * 1024
"""What a form may add to its file."""


class FileColumn(Shape):
    """A column of the file: its name, how it begins, and which field it is chosen to be."""

    name: str
    samples: list[str]
    field: str


class FileRow(Shape):
    """A row that would not be taken, or not believed."""

    line: int
    sku: str
    why: str


class FileGoods(Shape):
    """A product as it would be taken. Minor units of `currency`; unix ms."""

    sku: str
    store: str | None
    price: int | None
    currency: str
    sale_price: int | None
    sale_from: int | None
    sale_until: int | None
    problem: str


class FilePreview(Shape):
    """What a file would do. `waits`: it is not the one in use; `error`: why it cannot be read."""

    waits: bool
    error: str
    encoding: str
    delimiter: str
    columns: list[FileColumn]
    rows: int
    products: int
    stock: int
    doubted: int
    samples: list[FileGoods]
    complaints: list[FileRow]
    refused: dict[str, int]


class FileTake(Shape):
    """Which column is what, where it is not as it was."""

    columns: Annotated[dict[str, str], Field(max_length=100)] | None = None


@blueprint.post("/connectors/<connector_id>/file")
@operation("connectors", FilePreview, raw_body=True, errors=(404,))
def bring_connector_file(call: Call, connector_id: str) -> Done:
    """Send a CSV file, as multipart/form-data with the part `file` or as the bytes themselves
    (application/octet-stream). Nothing of it is taken; the answer is what it would do.
    """
    most = call.ctx.settings.feed_max_bytes
    request.max_content_length = most + FORM_BYTES
    try:
        connectors.bring_file(call.ctx, call.actor, connector_id, _chunks(_stream()))
    except RequestEntityTooLarge:
        raise TooLarge(f"A file has {most // 2**20} MiB at most.", field="file") from None
    return Done(_body(connectors.look_at_file(call.ctx, call.actor, connector_id)))


@blueprint.get("/connectors/<connector_id>/file")
@operation("connectors", FilePreview, errors=(404,))
def look_at_connector_file(call: Call, connector_id: str) -> Done:
    """What the file that waits would do, or else the one in use."""
    return Done(_body(connectors.look_at_file(call.ctx, call.actor, connector_id)))


@blueprint.post("/connectors/<connector_id>/file/taken")
@operation("connectors", FilePreview, body=FileTake, errors=(404,))
def take_connector_file(call: Call, connector_id: str, body: FileTake) -> Done:
    """Have the file that waits taken; its source is due at once."""
    connectors.take_file(call.ctx, call.actor, connector_id, body.columns)
    return Done(_body(connectors.look_at_file(call.ctx, call.actor, connector_id)))


def _stream() -> IO[bytes]:
    if request.mimetype != "multipart/form-data":
        return request.stream
    part = request.files.get("file")
    if part is None:
        raise BadInput("The form has no part “file”.", field="file")
    return part.stream


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def _body(preview: Preview) -> dict[str, Any]:
    said = asdict(preview)
    goods = [{name: one[name] for name in FileGoods.model_fields} for one in said["samples"]]
    columns = [{**one, "samples": list(one["samples"])} for one in said["columns"]]
    del said["stock_samples"]
    return {
        **said,
        "samples": goods,
        "columns": columns,
        "complaints": list(said["complaints"]),
    }
