"""Orders from screen to screen of a shop, and their answers: whose, to whom, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.errors import Invalid
from playlists.fields import parse_json
from playlists.ids import Json, canonical
from playlists.signing import SigningKey, b64
from playlists.wire.shop_hands import MAX_BYTES, MOST_MS, Answer, Order, Sealed, mark_of

MIA, VIA, TO, STRANGER = (SigningKey.generate() for _ in range(4))
NONCE, ASKED = "n" * 20, "a" * 20
ORDER = Order(TO.x, VIA.x, NONCE, ASKED, "mia", "show", "cash", 60_000)
OTHER = replace(ORDER, choice="both")
ANSWER = Answer(ASKED, "", 0, "Espèces seulement", "mia", 59_000)


def changed(body: bytes, **with_: Json) -> bytes:
    return canonical({**parse_json(body), **with_})  # type: ignore[dict-item]


def test_an_order_is_read_with_whose_it_is_and_who_carried_it() -> None:
    read = Sealed.read(ORDER.sealed(MIA, VIA))
    assert read.order == ORDER
    assert read.is_by(MIA.x)
    assert read.is_carried()
    assert not read.is_by(VIA.x), "who carries cannot say it for the person"
    assert read.act == Sealed.read(read.body).act != Sealed.read(OTHER.sealed(MIA, VIA)).act


def test_an_order_that_was_changed_is_nobodys() -> None:
    sealed = ORDER.sealed(MIA, VIA)
    other = OTHER.sealed(STRANGER, STRANGER)
    for name in ("person", "screen"):
        wrong = Sealed.read(changed(sealed, **{name: parse_json(other)[name]}))  # type: ignore[index]
        assert wrong.is_by(MIA.x) == (name != "person")
        assert not wrong.is_carried(), "who carries it carries the person's word"
    swapped = Sealed.read(changed(sealed, order=parse_json(other)["order"]))  # type: ignore[index]
    assert swapped.order.choice == "both"
    assert not swapped.is_by(MIA.x)
    assert not swapped.is_carried()


@pytest.mark.parametrize(
    "wrong",
    [
        replace(ORDER, do="format"),  # type: ignore[arg-type]
        replace(ORDER, nonce="short"),
        replace(ORDER, asked="no base64url of ours"),
        replace(ORDER, to="nobody"),
        replace(ORDER, person="A B"),
        replace(ORDER, length_ms=-1),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(wrong: Order) -> None:
    with pytest.raises(Invalid):
        Sealed.read(wrong.sealed(MIA, VIA))


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"order":"="}', b'{"order":"A"}', b'{"order":"' + b"A" * MAX_BYTES],
)
def test_bytes_that_are_no_order_are_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        Sealed.read(body)


def test_an_answer_counts_from_who_was_asked_to_what_was_asked() -> None:
    body = ANSWER.sealed(TO)
    assert Answer.opened(body, TO.x, ASKED) == ANSWER
    with pytest.raises(Invalid):
        Answer.opened(body, STRANGER.x, ASKED)
    with pytest.raises(Invalid):
        Answer.opened(body, TO.x, "b" * 20)
    for endless in (replace(ANSWER, left_ms=MOST_MS + 1), replace(ANSWER, wait_ms=MOST_MS + 1)):
        with pytest.raises(Invalid):
            Answer.opened(endless.sealed(TO), TO.x, ASKED)
    with pytest.raises(Invalid):
        Answer.opened(changed(body, answer=b64(b"{}")), TO.x, ASKED)


def test_a_screen_is_known_by_its_mark_to_who_holds_its_key() -> None:
    mark = mark_of(ASKED, NONCE, TO.x)
    assert mark == mark_of(ASKED, NONCE, TO.x)
    assert len({mark, mark_of(ASKED, NONCE, VIA.x), mark_of(NONCE, ASKED, TO.x)}) == 3
