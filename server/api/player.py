"""What players ask of the server over HTTP: /player/v1. Bodies are those of playlists.wire.http."""

from __future__ import annotations

import gzip
import random
from functools import lru_cache
from threading import BoundedSemaphore

from flask import Blueprint, Response, after_this_request, current_app, g, request

from media.serving import YEAR_S, etag
from playlists.fields import MAX_WHOLE, Fields, parse_json
from playlists.ids import Json, canonical, check_id
from playlists.wire.commands import Answers
from playlists.wire.door import Challenge, Report
from playlists.wire.hands import Acts, verdicts_json
from playlists.wire.http import (
    PARTED,
    SIGNED_REFUSAL,
    WAITING,
    PairingRequest,
    SessionProof,
    offers_json,
    plays_from_json,
    refusal_nonce,
)
from playlists.wire.signed import MAX_NONCE, asked_nonce
from server.api.files import send_file
from server.api.problems import WrongMedia
from server.api.requests import asks_from, check_address, context, limits
from server.errors import BadInput, Forbidden, TooMany, Unauthenticated
from server.services.screens import (
    answering,
    commands,
    delivery,
    devices,
    hand_acts,
    pairing,
    playback,
    proof,
)
from server.services.screens.devices import Viewer
from server.services.showing import glimpses

blueprint = Blueprint("player", __name__, url_prefix="/player/v1")

UNPROVED_BYTES = 16 * 1024
"""A body of a request that bears no token."""
DOOR_CACHE_S = 300
AGAIN_S = (2, 12)
"""Players that found no room come again after so many seconds, the least and the most."""
MIN_NONCE = 16
GZIP_FROM_BYTES = 512
GZIP_KEPT_BYTES = 64 * 1024
"""Compressed objects up to this size are kept in memory: many screens fetch the same."""
GZIP_KEPT = 1_024
JWS = "application/jose"


@blueprint.before_request
def _open() -> None:
    check_address()
    if request.method == "POST":
        _find_room()


def _find_room() -> None:
    """Take one of the places for what players say. Raises TooMany where all are taken: each is
    asked to come again at a time of its own.
    """
    room: BoundedSemaphore = current_app.extensions["enseigne.room"]
    if not room.acquire(blocking=False):
        wait_s = random.randint(*AGAIN_S)
        raise TooMany(f"Many players come at once. Ask again in {wait_s} s.", retry_after_s=wait_s)
    g.room = room


@blueprint.teardown_request
def _leave(_: BaseException | None) -> None:
    room: BoundedSemaphore | None = g.pop("room", None)
    if room is not None:
        room.release()


@blueprint.after_request
def _close(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@blueprint.get("/door")
def door() -> Response:
    """Where the door is."""
    answer = _json({"url": context().settings.door_url})
    answer.headers["Cache-Control"] = f"public, max-age={DOOR_CACHE_S}"
    return answer


@blueprint.post("/pairings")
def begin_pairing() -> Response:
    """A device asks for a code."""
    asked = PairingRequest.from_json(_body(UNPROVED_BYTES))
    _count_stranger()
    given = pairing.begin(context(), asked, request.remote_addr or "", request.host_url)
    return _json(given.to_json(), 201)


@blueprint.get("/pairings/<pairing_id>")
def poll_pairing(pairing_id: str) -> Response:
    """A device asks whether a person typed its code."""
    ctx = context()
    with limits().failures("pairing", asks_from(), ctx.settings.failures_per_minute):
        paired = pairing.poll(ctx, pairing_id, _bearer())
    limits().take("poll", pairing_id, ctx.settings.poll_per_minute)
    return _json(WAITING, 202) if paired is None else _json(paired.to_json())


@blueprint.post("/sessions")
def begin_session() -> Response:
    """A nonce for a device to sign."""
    screen = check_id(Fields.of(_body(UNPROVED_BYTES)).text("screen"), "screen")
    _count_device(screen)
    return _json(Challenge(devices.session_nonce(context(), screen)).to_json())


@blueprint.post("/sessions/prove")
def prove_session() -> Response:
    """The signed nonce, for a bearer token. A refusal that parts a device from its screen comes
    signed, so that nobody else can say it.
    """
    ctx, given = context(), SessionProof.from_json(_body(UNPROVED_BYTES))
    _count_device(given.screen)
    try:
        return _json(devices.prove(ctx, given).to_json())
    except Unauthenticated as refused:
        if refused.code in PARTED:
            signed = ctx.keys.sign_time(refusal_nonce(refused.code, given), ctx.clock())
            after_this_request(lambda response: _with_header(response, SIGNED_REFUSAL, signed))
        raise


@blueprint.get("/keys")
def keys() -> Response:
    """The keys document, signed by the root key; no secret, so no token is needed."""
    return _jws(context().keys.document_jws)


@blueprint.get("/time")
def signed_time() -> Response:
    """The signed time, in answer to `nonce`."""
    _viewer()
    ctx, nonce = context(), request.args.get("nonce", "")
    if not MIN_NONCE <= len(nonce) <= MAX_NONCE:
        raise BadInput(f"Send a nonce of {MIN_NONCE} to {MAX_NONCE} characters.", field="nonce")
    asked_nonce(nonce, "nonce")
    return _jws(ctx.keys.sign_time(nonce, ctx.clock()))


@blueprint.get("/objects/<sha>")
def content_object(sha: str) -> Response:
    """A manifest, deck or day chunk."""
    data = delivery.object_bytes(context(), _viewer(), sha)
    squeeze = len(data) >= GZIP_FROM_BYTES and request.accept_encodings["gzip"] > 0
    tag = etag(f"{sha}-gzip" if squeeze else sha)
    headers = {
        "ETag": tag,
        "Cache-Control": f"private, max-age={YEAR_S}, immutable",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if request.if_none_match.contains(tag.strip('"')):
        return Response(status=304, headers=headers)
    if squeeze:
        headers["Content-Encoding"] = "gzip"
        data = _squeezed(data) if len(data) <= GZIP_KEPT_BYTES else gzip.compress(data, 6, mtime=0)
    return Response(data, headers=headers, content_type="application/json")


@blueprint.get("/assets/<sha>")
def asset(sha: str) -> Response:
    """A picture or video that the screen's plans show."""
    ctx = context()
    return send_file(ctx, delivery.asset_file(ctx, _viewer(), sha))


@blueprint.get("/offers/<channel>")
def channel_offers(channel: str) -> Response:
    """The signed messages from version `from` on."""
    given = request.args.get("from", "0")
    if not given.isascii() or not given.isdecimal() or int(given[:20]) > MAX_WHOLE:
        raise BadInput("from is the version held, 0 for none.", field="from")
    messages = delivery.offers_from(context(), _viewer(), channel, int(given))
    return _json(offers_json(messages))


@blueprint.post("/reports")
def take_report() -> Response:
    """What a screen holds; the answer is what it lacks."""
    screen = _player()
    return _json(playback.report(context(), screen, Report.from_json(_body())).to_json())


@blueprint.post("/plays")
def take_plays() -> Response:
    """Play runs; the answer is the number up to which they are kept."""
    screen = _player()
    return _json({"acked": proof.take(context(), screen, plays_from_json(_body()))})


@blueprint.post("/answers")
def take_answers() -> Response:
    """What commands came to, and when the display was off; up to which number that is kept."""
    ctx, screen, said = context(), _player(), Answers.from_json(_body())
    acked = answering.take(ctx, screen, said)
    glimpses.judge(ctx, screen, said.answers)
    return _json({"acked": acked})


@blueprint.post("/hands")
def take_hands() -> Response:
    """What people did on the screen without the server; the verdict on each."""
    screen = _player()
    return _json(verdicts_json(hand_acts.take(context(), screen, Acts.from_json(_body()))))


@blueprint.post("/commands/<command_id>/file")
def take_command_file(command_id: str) -> Response:
    """The picture or bundle that a command asks for, as it is."""
    screen = _player()
    request.max_content_length = commands.MAX_LOGS_BYTES
    commands.take_file(context(), screen, command_id, request.get_data(cache=False))
    return _json({})


def _viewer() -> Viewer:
    """Whose token came along. Raises Unauthenticated, Forbidden."""
    return devices.authenticate(context(), _bearer())


def _player() -> Viewer:
    """The same where a screen itself must speak, not a page that follows it."""
    viewer = _viewer()
    if not viewer.device:
        raise Forbidden("Only a screen's own device may say this.")
    return viewer


def _count_device(screen: str) -> None:
    """Count a request of whoever says that it is this screen's device. Raises TooMany."""
    ctx = context()
    if not devices.is_known(ctx, screen):
        _count_stranger()
        return
    limits().take("device", f"{screen} {asks_from()}", ctx.settings.device_per_minute)


def _count_stranger() -> None:
    limits().take("stranger", asks_from(), context().settings.stranger_per_minute)


def _bearer() -> str:
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise Unauthenticated("Send the token as Authorization: Bearer …")
    return given.token


def _body(most: int | None = None) -> object:
    """The JSON body. Raises WrongMedia, Invalid, or RequestEntityTooLarge over `most` bytes."""
    if most is not None:
        request.max_content_length = most
    if request.mimetype != "application/json":
        raise WrongMedia("Send the body as application/json.")
    return parse_json(request.get_data(cache=False))


def _json(body: Json, status: int = 200) -> Response:
    return Response(canonical(body), status, content_type="application/json")


def _with_header(response: Response, name: str, value: str) -> Response:
    response.headers[name] = value
    return response


def _jws(token: str) -> Response:
    return Response(token, content_type=JWS)


@lru_cache(GZIP_KEPT)
def _squeezed(data: bytes) -> bytes:
    return gzip.compress(data, 6, mtime=0)
