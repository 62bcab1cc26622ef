"""A player's life over HTTP: pairing, plans, files, offers, reports; and what it may not have."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from playlists.ids import ChannelId, Sha256, ZoneId
from playlists.runs import GENESIS, Play, append
from playlists.signing import SigningKey, verify
from playlists.wire.http import SIGNED_REFUSAL, SessionProof, refusal_nonce
from playlists.wire.signed import TimeMessage
from server.db.models import ChannelRow, ScreenHeadRow, ScreenStateRow
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens import devices, watching
from tests.support.http_player import API, NONCE, HttpPlayer
from tests.support.people import holder
from tests.support.record import TestClock
from tests.support.small_shop import CHANNEL, OTHER_CHANNEL, Shop, publish, set_price

DAY_MS = 86_400_000


def objects_of(player: HttpPlayer) -> list[str]:
    manifest = json.loads(player.get(f"objects/{player.manifest}").data)
    return [player.manifest, manifest["deck"], *(day[3] for day in manifest["days"])]


def test_a_new_player_gets_its_head_offers_and_freshness_in_one_report(
    ctx: Context, lille: HttpPlayer
) -> None:
    given = lille.converge()
    time = TimeMessage.from_json(verify(given["time"], "time", ctx.keys.ring, None))
    assert (time.nonce, time.now) == (NONCE, ctx.clock())
    assert lille.trusted is not None
    offer = lille.trusted.offers[ChannelId(CHANNEL)].offers["BAG"]
    assert offer.steps[0].price == 11_990
    lease = lille.trusted.freshness_of("lille").channels[ChannelId(CHANNEL)]
    assert lease.version == lille.version(CHANNEL)
    with ctx.db.read() as session:
        kept = session.get(ScreenStateRow, "lille-window")
        assert kept is not None
        assert kept.seen_at == ctx.clock()
        assert not kept.connected


def test_a_report_of_one_that_lacks_nothing_is_answered_with_the_time_alone(
    lille: HttpPlayer,
) -> None:
    lille.converge()
    again = lille.converge()
    assert "head" not in again
    assert "freshness" not in again
    assert again["offers"] == []


def test_a_price_change_is_answered_by_its_delta_and_a_new_lease(
    ctx: Context, clock: TestClock, lille: HttpPlayer
) -> None:
    lille.converge()
    before = lille.version(CHANNEL)
    clock.advance(1_000)
    set_price(ctx, 9_990)
    given = lille.converge()
    assert len(given["offers"]) == 1
    payload = verify(given["offers"][0], "offers", ctx.keys.ring, None)
    assert payload["from"] == before
    assert lille.trusted is not None
    lease = lille.trusted.freshness_of("lille").channels[ChannelId(CHANNEL)]
    assert lease.version == lille.version(CHANNEL) > before


def test_every_object_of_the_plan_can_be_fetched_and_is_what_its_name_says(
    lille: HttpPlayer,
) -> None:
    lille.converge()
    names = objects_of(lille)
    assert len(set(names)) > 2
    for name in set(names):
        answer = lille.get(f"objects/{name}")
        assert hashlib.sha256(answer.data).hexdigest() == name
        assert "immutable" in answer.headers["Cache-Control"]


def test_objects_are_compressed_for_those_who_take_it(lille: HttpPlayer) -> None:
    lille.converge()
    path = f"objects/{lille.manifest}"
    squeezed = lille.get(path, **{"Accept-Encoding": "gzip"})
    plain = lille.get(path, **{"Accept-Encoding": "identity"})
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(squeezed.data) == plain.data
    assert squeezed.headers["ETag"] != plain.headers["ETag"]
    again = lille.get(path, **{"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304


def test_a_token_of_another_screen_opens_nothing_of_this_one(
    lille: HttpPlayer, prado: HttpPlayer, shop: Shop
) -> None:
    lille.converge()
    prado.converge()
    assert prado.get(f"objects/{lille.manifest}").status_code == 404
    assert prado.get(f"assets/{shop.lille}").status_code == 404
    assert prado.get(f"offers/{CHANNEL}?from=0").status_code == 404
    assert prado.get(f"assets/{shop.prado}").status_code == 200
    assert prado.get(f"offers/{OTHER_CHANNEL}?from=0").status_code == 200


def test_what_no_plan_shows_yet_is_not_there_for_anyone(lille: HttpPlayer, shop: Shop) -> None:
    secret, missing = lille.get(f"assets/{shop.secret}"), lille.get(f"assets/{'0' * 64}")
    assert secret.status_code == missing.status_code == 404
    assert secret.json["title"] == missing.json["title"]


def test_without_or_with_a_foreign_token_there_is_nothing(
    client: FlaskClient, lille: HttpPlayer, shop: Shop, clock: TestClock
) -> None:
    lille.converge()
    for path in (f"objects/{lille.manifest}", f"assets/{shop.lille}", f"offers/{CHANNEL}", "time"):
        answer = client.get(f"{API}/{path}")
        assert answer.status_code == 401
        assert answer.content_type == "application/problem+json"
    forged = lille.token[:-2] + ("AA" if not lille.token.endswith("AA") else "BB")
    lille.token, good = forged, lille.token
    assert lille.get(f"assets/{shop.lille}").status_code == 401
    lille.token = good
    clock.advance(3_600_001)
    assert lille.get(f"assets/{shop.lille}").json["code"] == "expired"


def test_an_asset_resumes_by_range(lille: HttpPlayer, shop: Shop) -> None:
    whole = lille.get(f"assets/{shop.lille}")
    assert whole.status_code == 200
    assert whole.content_type == "image/webp"
    assert hashlib.sha256(whole.data).hexdigest() == shop.lille
    tag = whole.headers["ETag"]
    part = lille.get(f"assets/{shop.lille}", **{"Range": "bytes=1000-", "If-Range": tag})
    assert part.status_code == 206
    assert part.headers["Content-Range"] == f"bytes 1000-{len(whole.data) - 1}/{len(whole.data)}"
    assert part.data == whole.data[1000:]


def test_ranges_beyond_the_end_and_tags_of_something_else(lille: HttpPlayer, shop: Shop) -> None:
    path = f"assets/{shop.lille}"
    beyond = lille.get(path, Range="bytes=999999-")
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == "bytes */2500"
    other = lille.get(path, **{"Range": "bytes=10-20", "If-Range": '"something-else"'})
    assert other.status_code == 200
    assert len(other.data) == 2500
    assert lille.get(path, **{"If-None-Match": f'"{shop.lille}"'}).status_code == 304


def test_a_replaced_plan_can_still_be_fetched_for_a_while_then_no_more(
    ctx: Context, clock: TestClock, lille: HttpPlayer
) -> None:
    lille.converge()
    old = lille.manifest
    clock.advance(DAY_MS)
    publish(ctx)
    lille.prove()
    lille.converge()
    assert lille.manifest != old
    assert lille.get(f"objects/{lille.manifest}").status_code == 200
    assert lille.get(f"objects/{old}").status_code == 404


def test_offers_are_pulled_from_the_version_held(lille: HttpPlayer) -> None:
    lille.converge()
    version = lille.version(CHANNEL)
    assert lille.get(f"offers/{CHANNEL}?from={version}").json == {"messages": []}
    assert len(lille.get(f"offers/{CHANNEL}?from=0").json["messages"]) == 1
    assert lille.get(f"offers/{CHANNEL}?from=-1").status_code == 422
    assert lille.get(f"offers/{CHANNEL}?from={'9' * 40}").status_code == 422


def test_a_server_restored_from_yesterday_still_reaches_a_player_that_is_ahead(
    ctx: Context, clock: TestClock, lille: HttpPlayer
) -> None:
    lille.converge()
    with ctx.db.write() as session:  # what yesterday's backup held
        head = session.get(ScreenHeadRow, "lille-window")
        channel = session.get(ChannelRow, CHANNEL)
        assert head is not None
        assert channel is not None
        head.revision -= DAY_MS
        channel.version -= DAY_MS
        channel.delta_from = 0
    held, version = lille.report_body()["revision"], lille.version(CHANNEL)
    clock.advance(1_000)
    given = lille.converge()
    assert "head" in given
    assert lille.report_body()["revision"] > held
    assert lille.version(CHANNEL) > version
    lease = lille.trusted.freshness_of("lille").channels[ChannelId(CHANNEL)]
    assert lease.version == lille.version(CHANNEL)
    assert lille.converge()["offers"] == []


def test_a_player_ahead_of_the_clock_is_followed_but_not_into_the_absurd(
    ctx: Context, lille: HttpPlayer
) -> None:
    lille.converge()
    body = lille.report_body()
    ahead = ctx.clock() + DAY_MS
    given = lille.post("reports", body | {"revision": ahead}).json
    payload = verify(given["head"], "head", ctx.keys.ring, None)
    assert payload["revision"] == ahead + 1
    absurd = 2**53 - 1
    given = lille.post("reports", body | {"revision": absurd, "channels": {CHANNEL: absurd}}).json
    payload = verify(given["head"], "head", ctx.keys.ring, None)
    assert payload["revision"] == ahead + 1


def test_a_player_cannot_move_a_channel_that_it_does_not_read(
    ctx: Context, prado: HttpPlayer
) -> None:
    prado.converge()
    with ctx.db.read() as session:
        before = session.get_one(ChannelRow, CHANNEL).version
    body = prado.report_body()
    body["channels"] = {CHANNEL: before + 1_000, OTHER_CHANNEL: body["channels"][OTHER_CHANNEL]}
    assert prado.post("reports", body).status_code == 200
    with ctx.db.read() as session:
        assert session.get_one(ChannelRow, CHANNEL).version == before


def test_the_pairing_code_shows_the_key_that_the_player_will_believe(
    ctx: Context, client: FlaskClient, shop: Shop
) -> None:
    player = HttpPlayer(client)
    given = player.ask_for_code()
    assert given["fingerprint"] == ctx.keys.fingerprint
    assert given["root"] == {"kid": ctx.keys.root_kid, "x": ctx.keys.root_x}
    waiting = player.poll(given)
    assert (waiting.status_code, waiting.json) == (202, {"state": "waiting"})
    wrong = player.poll(given | {"secret": "guess"})
    assert wrong.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"device_key": "AAAA", "name": "", "size": [1, 1]},
        {"device_key": SigningKey.generate().x, "name": "", "size": [0, 99_999]},
        {"device_key": SigningKey.generate().x, "name": 4, "size": [1, 1]},
        [],
    ],
)
def test_bad_pairing_requests_get_a_problem(client: FlaskClient, body: object) -> None:
    answer = client.post(f"{API}/pairings", json=body)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"


def test_bodies_that_are_no_json_or_too_long_are_refused(
    client: FlaskClient, lille: HttpPlayer
) -> None:
    assert client.post(f"{API}/pairings", data=b"x").status_code == 415
    long = {"screen": "x" * 20_000}
    assert client.post(f"{API}/sessions", json=long).status_code == 413
    headers = {"Authorization": f"Bearer {lille.token}"}
    nan = client.post(
        f"{API}/reports", data=b'{"revision":NaN}', content_type="application/json", headers=headers
    )
    assert nan.status_code == 422


def test_a_page_that_watches_may_look_at_what_its_screens_show_and_say_nothing(
    ctx: Context, client: FlaskClient, lille: HttpPlayer, prado: HttpPlayer, shop: Shop
) -> None:
    lille.converge()
    prado.converge()
    page = HttpPlayer(client)
    page.token = watching.watch_token(ctx, holder(ctx), life_ms=60_000, screens=["lille-window"])
    assert page.get(f"objects/{lille.manifest}").status_code == 200
    assert page.get(f"assets/{shop.lille}").status_code == 200
    assert page.get(f"objects/{prado.manifest}").status_code == 404
    assert page.post("reports", lille.report_body()).status_code == 403
    assert page.post_runs().status_code == 403


def test_a_held_device_is_told_why(ctx: Context, lille: HttpPlayer) -> None:
    devices.hold(ctx, "lille-window")
    answer = lille.get("time?nonce=" + NONCE)
    assert (answer.status_code, answer.json["code"]) == (403, "cloned_key")
    assert lille.prove().json["code"] == "cloned_key"


def test_a_removed_device_is_told_so_with_the_servers_signature(
    ctx: Context, lille: HttpPlayer
) -> None:
    devices.revoke(ctx, SYSTEM, "lille-window")
    proof = lille.proof()
    answer = lille.prove(proof)
    code, signed = answer.json["code"], answer.headers[SIGNED_REFUSAL]
    said = TimeMessage.from_json(verify(signed, "time", ctx.keys.ring, None))
    assert code == "unknown_screen"
    assert said.nonce == refusal_nonce(code, SessionProof.from_json(proof))


def test_nobody_gets_the_signature_of_a_refusal_by_asking(lille: HttpPlayer) -> None:
    refusal = refusal_nonce("unknown_screen", SessionProof.from_json(lille.proof()))
    asked = lille.get(f"time?nonce={refusal}")
    reported = lille.post("reports", {**lille.report_body(), "nonce": refusal})
    for answer in (asked, reported):
        assert (answer.status_code, answer.json["field"]) == (422, "nonce")


def test_keys_door_and_time_are_told(ctx: Context, client: FlaskClient, lille: HttpPlayer) -> None:
    assert client.get(f"{API}/keys").text == ctx.keys.document_jws
    assert client.get(f"{API}/door").json == {"url": ctx.settings.door_url}
    told = verify(lille.get("time?nonce=" + NONCE).text, "time", ctx.keys.ring, None)
    assert TimeMessage.from_json(told) == TimeMessage(NONCE, ctx.clock())
    assert lille.get("time?nonce=short").status_code == 422


def test_the_page_of_a_screen_is_served_with_its_policy(ctx: Context, client: FlaskClient) -> None:
    document = client.get("/screen")
    assert f'name="enseigne-door" content="{ctx.settings.door_url}"' in document.text
    assert re.search(r'name="enseigne-page" content="[0-9a-f]{64}"', document.text)
    policy = document.headers["Content-Security-Policy"]
    assert "ws://127.0.0.1:8081" in policy
    assert "unsafe" not in policy
    script = client.get("/page/main.js")
    assert script.content_type == "text/javascript; charset=utf-8"
    again = client.get("/page/main.js", headers={"If-None-Match": script.headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/page/sw.js").headers["Service-Worker-Allowed"] == "/"
    for outside in ("/page/../__init__.py", "/page/..%2f__init__.py", "/page/nothing.js"):
        assert client.get(outside).status_code == 404


def test_files_for_the_studio_need_a_person(ctx: Context, client: FlaskClient, shop: Shop) -> None:
    from server.services.entry import people

    assert client.get(f"/media/{shop.secret}").status_code == 401
    issued = people.create_token(ctx, SYSTEM, "studio", ["read"])
    headers = {"Authorization": f"Bearer {issued.secret}"}
    answer = client.get(f"/media/{shop.secret}", headers=headers)
    assert answer.status_code == 200
    assert hashlib.sha256(answer.data).hexdigest() == shop.secret
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert client.get(f"/media/{'0' * 64}", headers=headers).status_code == 404
    limited = people.create_token(ctx, SYSTEM, "prado", ["read"], ["prado"])
    headers = {"Authorization": f"Bearer {limited.secret}"}
    assert client.get(f"/media/{shop.lille}", headers=headers).status_code == 404
    assert client.get(f"/media/{shop.prado}", headers=headers).status_code == 200


def test_plays_are_acknowledged_once_kept_and_again_when_posted_again(lille: HttpPlayer) -> None:
    lille.converge()
    first = append(1, GENESIS, Play(ZoneId("main"), 1, Sha256(lille.manifest), 10, 20))
    second = append(2, first.hash, Play(ZoneId("main"), 1, Sha256(lille.manifest), 20, 30))
    assert lille.post_runs(first, second).json == {"acked": 2}
    assert lille.post_runs(first, second).json == {"acked": 2}
    forged = replace(append(3, second.hash, second.play), hash=first.hash)
    refused = lille.post_runs(forged)
    assert (refused.status_code, refused.json["code"]) == (422, "bad_hash")
    assert lille.post_runs().json == {"acked": 2}
    assert lille.post("plays", {"runs": [{}]}).status_code == 422
