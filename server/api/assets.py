"""Pictures and videos: /api/v1/assets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, Annotated, Any, Literal

from flask import request
from pydantic import Field
from werkzeug.exceptions import RequestEntityTooLarge

from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.problems import Unreadable, WrongMedia
from server.api.shapes import Ms, Name, PageQuery, Sha, Shape
from server.errors import TooLarge
from server.services.base.editing import MAX_TAG_CHARACTERS, MAX_TAGS
from server.services.base.paging import Cut
from server.services.library import assets
from server.services.library.assets import AssetView
from server.services.library.describing import MAX_PRICE_MINOR, MAX_PRICES, describe
from server.services.wishes.drawn import Drawn

blueprint = resource("assets")

CHUNK_BYTES = 256 * 1024
FORM_BYTES = 64 * 1024
"""What the form around an uploaded file may take."""


Tag = Annotated[str, Field(min_length=1, max_length=MAX_TAG_CHARACTERS)]


class RenditionShape(Shape):
    """A form of a file; what is not known of one that is not ready is empty.

    `reason` (a stable code) and `said` (sentences by language) tell why the last try failed. A
    pending one is soon tried again; a failed one once a day, or never where the file is at fault.
    """

    spec: str
    state: Literal["ready", "pending", "failed"]
    sha: str
    mime: str
    bytes: int
    width: int
    height: int
    reason: str
    said: dict[str, str]


class DrawnPriceShape(Shape):
    """A price that the file itself shows, in minor units. In a store where the shop says another
    price, or none, the file leaves the air until they agree again.

    `channel`, as `shop@store`, is only needed where it is not that of the store that shows the
    file.
    """

    sku: Annotated[str, Field(min_length=1, max_length=64)]
    price: Annotated[int, Field(ge=1, le=MAX_PRICE_MINOR)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    channel: Annotated[str, Field(max_length=140)] = ""


class AssetShape(Shape):
    """A picture or video, or a drawing (SVG) of the installation's own."""

    sha: Sha
    name: str
    kind: Literal["image", "video", "drawing"]
    mime: str
    bytes: int
    width: int
    height: int
    duration_ms: int | None
    created_at: Ms
    created_by: str
    renditions: list[RenditionShape]
    prices: list[DrawnPriceShape]
    tags: list[str]


class AssetWish(Shape):
    """What to say of a file; what is left out stays. `prices` are all that it shows."""

    name: Name | None = None
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] | None = None
    prices: Annotated[list[DrawnPriceShape], Field(max_length=MAX_PRICES)] | None = None


class AssetPage(Shape):
    """Some files, newest first."""

    items: list[AssetShape]
    next: str


class UploadQuery(Shape):
    """The file's name where the body is the file itself."""

    name: Annotated[str, Field(max_length=200)] = ""


@blueprint.get("/assets")
@operation("assets", AssetPage, query=PageQuery)
def list_assets(call: Call, query: PageQuery) -> Done:
    """List the files that you uploaded, or that show in your stores."""
    page = assets.list_assets(call.ctx, call.actor, Cut(query.after, query.limit))
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/assets")
@operation(
    "assets", AssetShape, status=201, query=UploadQuery, raw_body=True, also={200: AssetShape}
)
def upload_asset(call: Call, query: UploadQuery) -> Done:
    """Upload a picture or video; 200 where the very same file is there already.

    As multipart/form-data with the part `file`, or as the bytes themselves
    (application/octet-stream) with `?name=`. What the file is, is told from its bytes.
    """
    most = call.ctx.settings.max_upload_bytes
    request.max_content_length = most + FORM_BYTES
    try:
        name, stream = _file(query.name)
        done = assets.upload(call.ctx, call.actor, name, _chunks(stream))
    except RequestEntityTooLarge:
        raise TooLarge(f"A file has {most // 2**20} MiB at most.", field="file") from None
    status = 201 if done.new else 200
    return Done(_body(done.asset), location=located("assets", done.asset.sha), status=status)


@blueprint.get("/assets/<sha>")
@operation("assets", AssetShape, errors=(404,))
def get_asset(call: Call, sha: str) -> Done:
    """One file, with the state of its renditions."""
    return Done(_body(assets.get_asset(call.ctx, call.actor, sha)))


@blueprint.patch("/assets/<sha>")
@operation("assets", AssetShape, body=AssetWish, errors=(404,))
def describe_asset(call: Call, sha: str, body: AssetWish) -> Done:
    """Say what a file is called, its tags, and which prices it shows."""
    prices = None
    if body.prices is not None:
        prices = [Drawn(**one.model_dump()) for one in body.prices]
    found = describe(call.ctx, call.actor, sha, name=body.name, tags=body.tags, prices=prices)
    return Done(_body(found))


@blueprint.delete("/assets/<sha>")
@operation("assets", status=204, errors=(404, 409))
def delete_asset(call: Call, sha: str) -> Done:
    """Delete a file that nothing shows; else the answer says where it is used."""
    assets.delete_asset(call.ctx, call.actor, sha)
    return NOTHING


def _file(name: str) -> tuple[str, IO[bytes]]:
    if request.mimetype == "application/octet-stream":
        return name or "file", request.stream
    if request.mimetype != "multipart/form-data":
        raise WrongMedia("Send the file as multipart/form-data or application/octet-stream.")
    part = request.files.get("file")
    if part is None:
        raise Unreadable("The form has no part “file”.")
    return part.filename or name or "file", part.stream


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def _body(asset: AssetView) -> dict[str, Any]:
    body = asdict(asset)
    return {**body, **{name: list(body[name]) for name in ("renditions", "prices", "tags")}}
