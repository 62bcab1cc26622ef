"""What reaches whom, and what a report is answered with."""

from __future__ import annotations

from playlists.signing import verify
from tests.server.door.peers import Door, Worker, now_ms, until

Pair = tuple[Door, Worker]


def test_a_head_reaches_its_own_screen_only(both: Pair) -> None:
    door, worker = both
    one, two = door.player(worker, "lille-1"), door.player(worker, "lille-2")
    token = worker.head("lille-1", 5)
    assert one.heard.wait("head") == token
    two.settle()
    assert not two.heard.all("head")


def test_offers_reach_the_channels_subscribers_and_freshness_the_stores_screens(both: Pair) -> None:
    door, worker = both
    lille = [door.player(worker, "lille-1"), door.player(worker, "lille-2")]
    prado = door.player(worker, "prado-1")
    stranger = door.client()
    stranger.heard.wait("challenge")
    snapshot = worker.offers("shop@lille", 0, 10)
    delta = worker.offers("shop@lille", 10, 11, ["A", "é"])
    fresh = worker.freshness("lille", 100)
    for client in lille:
        assert client.heard.wait("freshness") == fresh
        assert client.heard.all("offers") == [snapshot, delta], "in order"
    other = worker.offers("shop@prado", 0, 3)
    assert prado.heard.wait("offers") == other
    prado.settle()
    assert prado.heard.all("offers") == [other]
    assert not prado.heard.all("freshness")
    assert [event for event, _ in stranger.heard.events] == ["challenge"]


def test_a_report_is_answered_with_exactly_what_is_missing(both: Pair) -> None:
    door, worker = both
    head = worker.head("lille-1", 5)
    snapshot = worker.offers("shop@lille", 0, 10)
    deltas = [worker.offers("shop@lille", at, at + 1, [f"S{at}"]) for at in (10, 11, 12)]
    fresh = worker.freshness("lille", 100)
    client = door.player(worker, "lille-1")
    client.heard.wait("head")
    client.heard.wait("freshness")
    client.settle()
    client.heard.events.clear()

    def answer(revision: int, freshness: int, **held: int) -> list[tuple[str, object]]:
        channels = {name.replace("__", "@"): version for name, version in held.items()}
        client.heard.events.clear()
        client.report(revision, freshness, **channels)
        client.report(5, 100, nonce=f"end-{len(channels):022d}", **{"shop@lille": 13})
        client.heard.wait("time")
        return [event for event in client.heard.events if event[0] != "time"]

    assert answer(5, 100, shop__lille=13) == []
    assert answer(4, 100, shop__lille=13) == [("head", head)], "an old revision"
    assert answer(6, 100, shop__lille=13) == [("head", head)], "a revision that is not ours"
    assert answer(5, 99, shop__lille=13) == [("freshness", fresh)]
    assert answer(5, 100, shop__lille=12) == [("offers", deltas[2])]
    assert answer(5, 100, shop__lille=10) == [("offers", token) for token in deltas]
    assert answer(5, 100, shop__lille=14) == [], "ahead of this server: nothing to send back"
    assert answer(5, 100, shop__lille=7) == [("offers", it) for it in (snapshot, *deltas)]
    assert answer(5, 100) == [("offers", it) for it in (snapshot, *deltas)]
    reports = worker.heard.wait("reports")["reports"]
    assert reports[0][0] == "lille-1"
    assert abs(reports[0][1] - now_ms()) < 20_000


def test_a_report_with_a_nonce_is_answered_with_the_signed_time(pair: Pair) -> None:
    door, worker = pair
    client = door.player(worker, "lille-1")
    client.report(nonce="my-nonce-of-22-letters")
    time = verify(client.heard.wait("time"), "time", worker.keys.ring, now_ms())
    assert isinstance(time, dict)
    assert time["nonce"] == "my-nonce-of-22-letters"


def test_a_malformed_report_is_counted_and_not_passed_on(pair: Pair) -> None:
    door, worker = pair
    client = door.player(worker, "lille-1")
    for body in (7, [], {"revision": -1}, {"revision": 1.5}, "text"):
        client.send("report", body)
    client.settle()
    assert door.metric('enseigne_door_reports_total{outcome="malformed"}') == 5
    rows = worker.heard.wait("reports")["reports"]
    assert [row[2]["freshness"] for row in rows] == [2**52], "the good one only"


def test_a_channel_too_long_to_push_is_pulled(pair: Pair) -> None:
    door, worker = pair
    client = door.player(worker, "lille-1")
    long = [f"{number:064d}" for number in range(1_500)]
    worker.offers("shop@lille", 0, 10, long)
    assert client.heard.wait("pull") == {"what": "offers", "channel": "shop@lille"}
    client.settle()
    assert not client.heard.all("offers")


def test_a_channel_with_a_gap_is_pulled(pair: Pair) -> None:
    door, worker = pair
    worker.offers("shop@lille", 10, 11)
    worker.offers("shop@lille", 20, 21)
    client = door.player(worker, "lille-1")
    client.report(**{"shop@lille": 11})
    assert client.heard.wait("pull") == {"what": "offers", "channel": "shop@lille"}


def test_older_versions_never_replace_newer_ones(pair: Pair) -> None:
    door, worker = pair
    client = door.player(worker, "lille-1")
    newest = [worker.head("lille-1", 5), worker.offers("shop@lille", 0, 10)]
    newest.append(worker.freshness("lille", 100))
    worker.head("lille-1", 4)
    worker.offers("shop@lille", 0, 9)
    worker.freshness("lille", 99)
    client.heard.wait("head")
    client.heard.wait("freshness")
    client.settle()
    heard = client.heard
    assert [*heard.all("head"), *heard.all("offers"), *heard.all("freshness")] == newest
    late = door.player(worker, "lille-2")
    assert late.heard.wait("freshness") == newest[2]


def test_a_screen_that_is_taken_away_or_paired_anew_is_closed_at_once(pair: Pair) -> None:
    door, worker = pair
    gone, anew, stays = (door.player(worker, name) for name in ("lille-1", "lille-2", "prado-1"))
    worker.screen("lille-2", "lille", ["shop@lille"])
    del worker.rows["lille-1"]
    worker.tell({"t": "screens", "set": [worker.rows["lille-2"]], "gone": ["lille-1"]})
    for client in (gone, anew):
        assert client.heard.wait("refused")["code"] == "unknown_screen"
        until(client.closed)
    door.player(worker, "lille-2")
    stays.settle()


def test_a_screen_that_moves_hears_its_new_store_and_channels(pair: Pair) -> None:
    door, worker = pair
    fresh = worker.freshness("prado", 50)
    client = door.player(worker, "lille-1")
    row = ["lille-1", worker.devices["lille-1"].x, "prado", ["shop@prado"], False]
    worker.tell({"t": "screens", "set": [row], "gone": []})
    assert client.heard.wait("freshness") == fresh
    worker.offers("shop@lille", 0, 10)
    token = worker.offers("shop@prado", 0, 11)
    assert client.heard.wait("offers") == token


def test_a_command_is_pushed_and_repeated_with_each_report_until_it_is_answered(pair: Pair) -> None:
    door, worker = pair
    client, other = door.player(worker, "lille-1"), door.player(worker, "lille-2")
    late, over = now_ms() + 60_000, now_ms()
    rows = [["lille-1", "c1", late, "a.b.c"], ["lille-1", "c2", over, "d.e.f"]]
    worker.tell({"t": "commands", "set": rows, "gone": [], "all": True})
    client.heard.wait("command", lambda token: token == "d.e.f")
    assert client.heard.all("command") == ["a.b.c", "d.e.f"]

    def asked() -> set[object]:
        client.heard.events.clear()
        client.settle()  # it reports
        client.settle()
        return set(client.heard.all("command"))

    assert asked() == {"a.b.c"}, "what is overdue is not asked again"
    worker.tell({"t": "commands", "set": [], "gone": [["lille-1", "c1"], ["lille-1", "c2"]]})
    worker.head("lille-1", 7)
    client.heard.wait("head")
    assert asked() == set()
    assert not other.heard.all("command")
