"""Files sent in pieces: cut anywhere, gone on with in another session, refused with the reason."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from media.incoming import Busy
from server.app import create_app
from server.services.base.actors import ALL_SCOPES
from server.services.base.context import Context
from server.services.entry import people, sessions
from tests.server.api.programs import Api, token_for
from tests.server.api.test_assets import png
from tests.support.record import TestClock

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"
WITHIN_S = 10


def named(name: str) -> str:
    return f"filename {base64.b64encode(name.encode()).decode()}"


def tus(api: Api, method: str, path: str, data: bytes = b"", **headers: str) -> TestResponse:
    given = {"Authorization": f"Bearer {api.token}", **TUS}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return api.client.open(path, method=method, data=data, headers=given)


def begin(api: Api, length: int, name: str = "coat.png") -> TestResponse:
    return tus(api, "POST", "/uploads", Upload_Length=str(length), Upload_Metadata=named(name))


def send(api: Api, path: str, offset: int, data: bytes) -> TestResponse:
    return tus(api, "PATCH", path, data, Upload_Offset=str(offset), Content_Type=PIECE)


def left_aside(ctx: Context) -> list[Path]:
    return list((ctx.settings.data_dir / "media" / "incoming").iterdir())


def test_a_file_that_comes_in_pieces_is_an_asset(api: Api) -> None:
    data = png()
    begun = begin(api, len(data))
    path = begun.headers["Location"]
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "0")
    half = send(api, path, 0, data[:20])
    assert (half.status_code, half.headers["Upload-Offset"]) == (204, "20")
    assert tus(api, "HEAD", path).headers["Upload-Offset"] == "20"
    whole = send(api, path, 20, data[20:])
    (asset,) = api.get("/assets")["items"]
    assert whole.headers["Enseigne-Asset"] == asset["sha"]
    assert asset["name"] == "coat.png"


def test_whoever_missed_the_last_answer_hears_it_again(api: Api) -> None:
    data = png()
    path = begin(api, len(data)).headers["Location"]
    sha = send(api, path, 0, data).headers["Enseigne-Asset"]
    again = tus(api, "HEAD", path)
    assert (again.headers["Upload-Offset"], again.headers["Enseigne-Asset"]) == (
        str(len(data)),
        sha,
    )
    assert send(api, path, 0, data).headers["Enseigne-Asset"] == sha


def test_a_server_killed_while_it_examined_asks_for_the_last_byte_again(
    api: Api, ctx: Context
) -> None:
    data = png()
    path = begin(api, len(data)).headers["Location"]
    send(api, path, 0, data[:-1])
    name = path.rpartition("/")[2]
    with ctx.media.incoming.alone(name) as kept:
        ctx.media.incoming.append(kept, len(data) - 1, [data[-1:]], len(data))
    assert tus(api, "HEAD", path).headers["Upload-Offset"] == str(len(data) - 1)
    assert send(api, path, len(data) - 1, data[-1:]).headers["Enseigne-Asset"]


def test_a_file_that_is_no_picture_is_refused_in_both_languages(api: Api, ctx: Context) -> None:
    path = begin(api, 6, "page.png").headers["Location"]
    answer = send(api, path, 0, b"<html>")
    assert (answer.status_code, answer.json["code"]) == (422, "markup")
    assert "page web" in answer.json["said"]["fr"]
    assert "web page" in answer.json["said"]["en"]
    assert answer.mimetype == "application/problem+json"
    assert tus(api, "HEAD", path).status_code == 404
    assert left_aside(ctx) == []


@pytest.mark.parametrize(
    ("length", "status", "code"), [(0, 422, "empty"), (2**40, 413, "too-large")]
)
def test_what_will_never_fit_is_refused_before_it_is_sent(
    api: Api, ctx: Context, length: int, status: int, code: str
) -> None:
    answer = begin(api, length)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert left_aside(ctx) == []


def test_a_piece_that_begins_elsewhere_or_is_too_long_changes_nothing(api: Api) -> None:
    path = begin(api, 10).headers["Location"]
    send(api, path, 0, b"12345")
    assert send(api, path, 3, b"x").json["code"] == "other_offset"
    assert send(api, path, 5, b"123456").json["code"] == "too_much"
    assert tus(api, "HEAD", path).headers["Upload-Offset"] == "5"


def test_two_who_send_at_once_do_not_mix(api: Api, ctx: Context) -> None:
    path = begin(api, 10).headers["Location"]
    with ctx.media.incoming.alone(path.rpartition("/")[2]):
        for answer in (send(api, path, 0, b"1"), tus(api, "HEAD", path), tus(api, "DELETE", path)):
            assert answer.status_code == 423
    assert send(api, path, 0, b"1").status_code == 204


def test_nobody_goes_on_with_another_ones_upload(app: Flask, api: Api) -> None:
    path = begin(api, 10).headers["Location"]
    other = token_for(app, ALL_SCOPES)
    reader = token_for(app, frozenset({"read"}))
    for method in ("HEAD", "PATCH", "DELETE"):
        asked = {"Upload_Offset": "0", "Content_Type": PIECE}
        assert tus(other, method, path, b"1", **asked).status_code == 404
        assert tus(reader, method, path, b"1", **asked).status_code == 403
    assert begin(reader, 10).status_code == 403
    assert tus(api, "HEAD", path).status_code == 200


def test_what_is_given_up_or_left_a_day_is_gone(api: Api, ctx: Context, clock: TestClock) -> None:
    path = begin(api, 10).headers["Location"]
    assert tus(api, "DELETE", path).status_code == 204
    assert tus(api, "HEAD", path).status_code == 404
    left = begin(api, 10).headers["Location"]
    late = ctx.settings.upload_life_s * 2_000
    clock.now = max(clock.now, (left_aside(ctx)[0].stat().st_mtime_ns // 1_000_000)) + late
    assert tus(api, "HEAD", left).status_code == 404
    assert left_aside(ctx) == []


def test_nobody_fills_the_disk_with_beginnings(api: Api, ctx: Context) -> None:
    object.__setattr__(ctx.settings, "uploads_per_person", 2)
    object.__setattr__(ctx.settings, "upload_bytes_per_person", 30)
    assert begin(api, 20).status_code == 201
    assert begin(api, 20).json["code"] == "no_room"
    assert begin(api, 10).status_code == 201
    assert begin(api, 1).json["code"] == "too_many_uploads"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Length": "ten"}, 422),
        ({"Upload-Metadata": "filename ***"}, 422),
        ({"Upload-Metadata": "filename"}, 422),
        ({"Upload-Metadata": "filetype aW1n"}, 201),
    ],
)
def test_headers_that_make_no_sense_are_refused(
    api: Api, headers: dict[str, str], status: int
) -> None:
    given = {"Upload-Length": "10", "Upload-Metadata": named("a.png"), **headers}
    answer = tus(api, "POST", "/uploads", **{k.replace("-", "_"): v for k, v in given.items()})
    assert answer.status_code == status


def test_it_says_what_it_can(api: Api) -> None:
    answer = api.client.options("/uploads")
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation",
        "expiration",
        "termination",
    }


@pytest.fixture
def url(ctx: Context) -> Iterator[str]:
    """The application on a real port."""
    server = make_server("127.0.0.1", 0, create_app(ctx), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def signed_in(ctx: Context) -> dict[str, str]:
    """The headers of the owner's browser, come in anew."""
    secret = people.redeem_owner_link(ctx, people.owner_link(ctx).rpartition("/")[2]).secret
    word = sessions.csrf_of(ctx, secret)
    cookie = f"{sessions.COOKIE}={sessions.seal(ctx, secret)}"
    return {**TUS, "Cookie": cookie, sessions.CSRF_HEADER: word}


def cut(url: str, path: str, headers: dict[str, str], data: bytes, announced: int) -> None:
    """Send the beginning of a piece, then let the connection break."""
    to = urlsplit(url)
    lines = {**headers, "Content-Length": str(announced), "Content-Type": PIECE, "Host": "x"}
    said = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection((to.hostname, to.port), WITHIN_S) as connection:
        connection.sendall(f"PATCH {path} HTTP/1.1\r\n{said}\r\n".encode() + data)


def arrived(ctx: Context, path: str) -> int:
    """How many bytes of an upload lie on the disk, once nobody writes any more."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        name = path.rpartition("/")[2]
        if not any(data.stat().st_size for data in ctx.settings.data_dir.rglob(f"*{name}/data")):
            continue  # to ask for it alone now would turn the one away who is about to write
        with suppress(Busy), ctx.media.incoming.alone(name) as kept:
            return kept.stat().st_size
    raise AssertionError("nothing arrived")


def test_a_cut_connection_and_a_lost_session_lose_nothing(url: str, ctx: Context) -> None:
    data = png(side=64)
    mine = signed_in(ctx)
    about = {"Upload-Length": str(len(data)), "Upload-Metadata": named("tent.png")}
    made = requests.post(f"{url}/uploads", headers={**mine, **about}, timeout=WITHIN_S)
    path = made.headers["Location"]
    cut(url, path, {**mine, "Upload-Offset": "0"}, data[:50], len(data))
    assert arrived(ctx, path) == 50

    people.sign_out(ctx, sessions.unseal(ctx, mine["Cookie"].partition("=")[2]) or "")
    piece = {"Upload-Offset": "50", "Content-Type": PIECE}
    rest = {"url": f"{url}{path}", "data": data[50:], "timeout": WITHIN_S}
    assert requests.patch(headers={**mine, **piece}, **rest).status_code == 401

    again = signed_in(ctx)
    held = requests.head(f"{url}{path}", headers=again, timeout=WITHIN_S)
    assert held.headers["Upload-Offset"] == "50"
    done = requests.patch(headers={**again, **piece}, **rest)
    assert done.status_code == 204
    assert ctx.media.stat(done.headers["Enseigne-Asset"]).size == len(data)
