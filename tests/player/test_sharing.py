"""Players of one shop: each file crosses the shop's line once, and nobody has to be believed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from player.agent import sharing
from player.agent.sharing import GRACE_MS, MOST_MS, STALL_MS, Sharing, Spared
from player.errors import Unreachable
from player.link.lan import TYPE, _neighbour, group_of
from player.link.lan_client import Fetches, Gives, Neighbour, Says
from playlists.ids import Sha256, sha256

ADDRESS = sha256(b"a film")


class Lan:
    """Who is found, as a test says."""

    def __init__(self, id_: str, peers: list[Neighbour]) -> None:
        self.id, self.peers = id_, peers
        self.is_settled = True
        self.groups: list[str] = []

    def join(self, group: str) -> None:
        self.groups.append(group)

    def neighbours(self) -> tuple[Neighbour, ...]:
        return tuple(self.peers)

    def stop(self) -> None:
        """Nothing was begun."""


def peer(number: int) -> Neighbour:
    return Neighbour(f"{number:016x}", f"10.0.0.{number}", 1)


@dataclass
class Said:
    """A client to which each host answers as a test says, else as one that lacks the file."""

    answers: dict[str, Fetches | Says | Gives] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def ask(self, asked: Neighbour, address: Sha256, offset: int) -> Fetches | Says | Gives:
        self.asked.append(asked.host)
        return self.answers.get(asked.host, Says.LACKS)


class Player:
    """One player's decisions, on a clock that a test moves."""

    def __init__(self, id_: str, peers: list[Neighbour]) -> None:
        self.now = 0
        self.lan, self.said = Lan(id_, peers), Said()
        self.sharing = Sharing(
            lambda arrived: self.lan,  # type: ignore[arg-type,return-value]
            lambda address, source: 0,
            lambda: self.now,
            self.said,  # type: ignore[arg-type]
        )

    def turn(self, at: int = 0) -> Gives | Spared | None:
        self.now = at
        return self.sharing.turn(ADDRESS)


def ranked(count: int) -> list[Neighbour]:
    """That many players, in the order in which they are to fetch the file."""
    return sorted(map(peer, range(1, count + 1)), key=lambda one: sharing._place(ADDRESS, one.id))


def player_at(place: int, count: int = 3) -> tuple[Player, list[Neighbour]]:
    """The player at that place of the order, and all of the order."""
    order = ranked(count)
    others = [one for at, one in enumerate(order) if at != place]
    random.shuffle(others)
    return Player(order[place].id, others), order


def test_the_first_of_a_files_order_fetches_it_and_the_others_wait() -> None:
    first, _ = player_at(0)
    assert first.turn() is None
    for place in (1, 2):
        assert isinstance(player_at(place)[0].turn(), Spared)


def test_files_are_spread_over_the_players() -> None:
    order = [peer(number).id for number in range(1, 11)]
    firsts = [
        min(order, key=lambda id_: sharing._place(sha256(bytes([at])), id_)) for at in range(200)
    ]
    assert max(firsts.count(id_) for id_ in order) < 50


def test_who_is_alone_fetches_at_once() -> None:
    assert Player("0" * 16, []).turn() is None


def test_a_file_that_came_and_is_needed_again_is_a_new_question() -> None:
    player, order = player_at(1)
    player.said.answers[order[0].host] = Says.LACKS
    assert isinstance(player.turn(), Spared)
    assert player.turn(2 * GRACE_MS) is None
    with player.sharing.fetching(ADDRESS):
        pass
    assert isinstance(player.turn(3 * GRACE_MS), Spared), "the first in order is given its time"


def test_who_just_came_looks_around_before_it_fetches() -> None:
    player = Player("0" * 16, [])
    player.lan.is_settled = False
    assert isinstance(player.turn(), Spared)


def test_where_nobody_begins_each_takes_its_turn_by_itself() -> None:
    for place in (1, 2):
        player, _ = player_at(place)
        assert isinstance(player.turn(0), Spared)
        assert isinstance(player.turn(place * GRACE_MS - 1), Spared)
        assert player.turn(place * GRACE_MS + GRACE_MS // 2) is None


def test_who_fetches_is_waited_for_as_long_as_it_gets_on() -> None:
    player, order = player_at(2)
    for minute in range(10):
        player.said.answers[order[0].host] = Fetches(minute * 1_000)
        assert isinstance(player.turn(minute * STALL_MS), Spared)
    stalled = 10 * STALL_MS
    assert isinstance(player.turn(stalled - 1), Spared)
    assert player.turn(stalled + 3 * GRACE_MS) is None


def test_nobody_is_waited_for_for_ever_however_it_gets_on() -> None:
    player, order = player_at(1)
    at = 0
    while isinstance(player.turn(at), Spared):
        at += 10_000
        player.said.answers[order[0].host] = Fetches(at)
        assert at < MOST_MS + 60_000
    assert at >= MOST_MS


def test_a_busy_giver_is_asked_again_and_a_dead_one_makes_room_in_the_order() -> None:
    player, order = player_at(1, count=2)
    player.said.answers[order[0].host] = Says.BUSY
    assert isinstance(player.turn(0), Spared)
    player.said.answers[order[0].host] = Says.GONE
    assert player.turn(1) is None
    player.said.asked.clear()
    assert player.turn(2) is None
    assert player.said.asked == []


def test_whoever_has_it_gives_it_and_the_first_of_the_order_asks_too() -> None:
    player, order = player_at(0)
    gives = Gives(order[2], (0, 6), iter([b"a film"]))
    player.said.answers[order[2].host] = gives
    assert player.turn() is gives


def test_a_server_that_could_not_be_reached_is_left_to_who_gets_through_first() -> None:
    player, _ = player_at(2)
    player.turn(0)
    assert player.turn(10 * GRACE_MS) is None

    def fetch_in_vain() -> None:
        with player.sharing.fetching(ADDRESS):
            assert player.sharing.arrived(ADDRESS) == 0
            raise Unreachable("the line is down")

    with pytest.raises(Unreachable):
        fetch_in_vain()
    assert player.sharing.arrived(ADDRESS) is None
    assert isinstance(player.turn(10 * GRACE_MS + 1), Spared)


def test_an_announcement_counts_only_for_the_group_and_near_addresses() -> None:
    group = group_of(b"root", "lille")
    assert group != group_of(b"root", "paris") != group_of(b"other", "paris")

    def heard(
        *addresses: str, name: str = "a" * 16, told: str = group, hands: bytes = b"8095"
    ) -> Neighbour | None:
        said = {b"g": told.encode(), b"h": hands}
        info = SimpleNamespace(properties=said, port=7, parsed_addresses=lambda: list(addresses))
        return _neighbour(info, f"{name}.{TYPE}", group)

    assert heard("10.0.0.7") == Neighbour("a" * 16, "10.0.0.7", 7, 8095)
    assert heard("127.0.0.1", "93.184.216.34", "192.168.1.9") == Neighbour(
        "a" * 16, "192.168.1.9", 7, 8095
    )
    for odd in (b"", b"70000", b"9" * 20, b"-1", "²".encode()):
        assert heard("10.0.0.7", hands=odd) == Neighbour("a" * 16, "10.0.0.7", 7)
    assert heard("93.184.216.34") is None
    assert heard("10.0.0.7", told=group_of(b"root", "paris")) is None
    assert heard("10.0.0.7", name="../../etc/passwd") is None
