"""Who should know is told once, through a real mail server and a real webhook, without a flood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from server.connectors.shops.webhook import signature
from server.db.models import AccountRow, ActorRow, ChannelRow, ConcernRow, ToldRow, WatcherRow
from server.errors import NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.situation import recipients, rounds
from tests.server.services.situation.peers import Inbox, called, mail_server, own_certificate
from tests.server.services.situation.test_looking import connect
from tests.support.record import TestClock
from tests.support.small_shop import lay_out, set_price

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def person(
    ctx: Context, name: str, role: str, stores: list[str] | None = None, **more: str
) -> None:
    with ctx.db.write() as session:
        session.add(
            ActorRow(
                id=name, name=name, role=role, scopes=[], stores=stores, created_at=ctx.clock()
            )
        )
        session.add(AccountRow(actor_id=name, email=f"{name}@pluvier.example", **more))


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with mail_server() as kept:
        yield kept


@pytest.fixture
def shop(any_ctx: Context, inbox: Inbox) -> Context:
    """A shop whose feed answers, an English owner, a French manager of Lille, someone from
    marketing; a mail server without encryption.
    """
    lay_out(any_ctx)
    connect(any_ctx, "feed", "Boutique")
    person(any_ctx, "owner", "owner", language="en")
    person(any_ctx, "ines", "manager", ["lille"])
    person(any_ctx, "claire", "marketing", language="en")
    settings = any_ctx.settings
    settings.smtp_host, settings.smtp_port, settings.smtp_tls = "127.0.0.1", inbox.port, "none"
    settings.smtp_from = "Enseigne <signs@pluvier.example>"
    return any_ctx


def breaks(ctx: Context) -> None:
    """The feed has answered nothing for a quarter of an hour."""
    heard = ctx.clock() - 15 * MINUTE
    error = "shop.example answered 500."
    connect(ctx, "feed", "Boutique", failures=9, last_error=error, last_success_at=heard)


def letters(inbox: Inbox) -> list[tuple[str, str]]:
    """Who got what since this was last asked."""
    found = [(str(one["To"]).split("@")[0], str(one["Subject"])) for one in inbox.letters]
    inbox.letters.clear()
    return found


def plain(letter: EmailMessage) -> str:
    return str(letter.get_content()).replace("\r\n", "\n")


def test_a_source_fails_lasts_and_is_well_again(
    shop: Context, clock: TestClock, inbox: Inbox
) -> None:
    rounds.run(shop)
    assert letters(inbox) == []
    breaks(shop)
    rounds.run(shop)
    (letter,) = inbox.letters
    assert letter["From"] == "Enseigne <signs@pluvier.example>"
    assert letter["Message-ID"].endswith("@pluvier.example>")
    assert letter["Auto-Submitted"] == "auto-generated"
    text = plain(letter)
    assert "New\n– “Boutique” is silent since 14:17.\n  shop.example answered 500." in text
    assert f"{shop.settings.url}/situation" in text
    assert letters(inbox) == [("owner", "“Boutique” is silent since 14:17.")]

    for _ in range(5):
        clock.advance(2 * HOUR)
        rounds.run(shop)
    assert letters(inbox) == []
    clock.advance(14 * HOUR)
    rounds.run(shop)
    (letter,) = inbox.letters
    assert "Still so\n– “Boutique” is silent since Thursday 15 October at 14:17." in (plain(letter))
    assert len(letters(inbox)) == 1

    connect(shop, "feed", "Boutique")
    clock.advance(MINUTE)
    rounds.run(shop)
    assert letters(inbox) == []
    clock.advance(5 * MINUTE)
    rounds.run(shop)
    assert letters(inbox) == [("owner", "All well again: “Boutique”")]
    clock.advance(MINUTE)
    rounds.run(shop)
    assert letters(inbox) == []
    with shop.db.read() as session:
        assert session.query(ConcernRow).count() == session.query(ToldRow).count() == 0


def test_each_in_her_language_of_her_stores_and_her_work(
    shop: Context, clock: TestClock, inbox: Inbox
) -> None:
    breaks(shop)
    set_price(shop, 9)
    with shop.db.write() as session:
        for store in ("lille", "prado"):
            row = session.get_one(ChannelRow, f"pluvier@{store}")
            row.as_of = clock() - 4 * HOUR
    rounds.run(shop)
    told = {str(one["To"]).split("@")[0]: one for one in inbox.letters}
    assert told.keys() == {"owner", "ines", "claire"}
    assert "Boutique" not in told["claire"].get_content()
    assert "The price of Estran 28 looks wrong" in told["claire"].get_content()
    hers = told["ines"].get_content()
    assert "lille ne montre plus de prix depuis 14:32." in hers
    assert "prado" not in hers
    assert told["ines"]["Content-Language"] == "fr"
    assert str(told["owner"]["Subject"]).endswith("and 3 more")


def test_what_comes_and_goes_is_told_once(shop: Context, clock: TestClock, inbox: Inbox) -> None:
    for _ in range(20):
        breaks(shop)
        rounds.run(shop)
        clock.advance(2 * MINUTE)
        connect(shop, "feed", "Boutique")
        rounds.run(shop)
        clock.advance(2 * MINUTE)
    assert len(letters(inbox)) == 1


def test_a_flood_is_a_few_messages(shop: Context, clock: TestClock, inbox: Inbox) -> None:
    for at in range(50):
        connect(shop, f"feed-{at}", f"Feed {at}", failures=9, last_success_at=clock() - DAY)
        rounds.run(shop)
        clock.advance(MINUTE)
    most = shop.settings.watch_messages_per_hour
    assert 2 <= len(letters(inbox)) <= most
    clock.advance(HOUR)
    rounds.run(shop)
    (letter,) = inbox.letters
    assert "\n– and " in plain(letter)
    clock.advance(HOUR)
    inbox.letters.clear()
    rounds.run(shop)
    assert letters(inbox) == []


def test_a_mail_server_that_is_away_loses_nothing(
    shop: Context, clock: TestClock, inbox: Inbox
) -> None:
    inbox.deaf = True
    breaks(shop)
    assert rounds.run(shop) == 0
    with shop.db.read() as session:
        row = session.get_one(WatcherRow, "owner")
        assert (row.failures, row.last_error) == (1, "The mail server answered 451.")
    inbox.deaf = False
    assert rounds.run(shop) == 0, "not before its time"
    clock.advance(MINUTE)
    assert rounds.run(shop) == 1
    assert len(letters(inbox)) == 1


def test_two_workers_and_a_new_start_tell_once(
    shop: Context, clock: TestClock, inbox: Inbox
) -> None:
    breaks(shop)
    rounds.note(shop)
    rounds.note(shop)
    assert rounds.tell(shop) == 1
    assert rounds.tell(shop) == 0
    clock.advance(HOUR)
    assert rounds.run(shop) == 0


def test_a_worker_that_died_while_telling_tells_the_same_again(
    shop: Context, clock: TestClock, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(shop)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rounds, "_done", dies)
        with pytest.raises(KeyboardInterrupt):
            rounds.run(shop)
    clock.advance(rounds.CLAIM_MS)
    rounds.run(shop)
    first, second = inbox.letters
    assert first["Message-ID"] == second["Message-ID"]


def test_who_asks_for_silence_is_told_nothing(
    shop: Context, clock: TestClock, inbox: Inbox
) -> None:
    owner = Actor("owner", "Owner", frozenset({"read"}))
    recipients.choose(shop, owner, muted=True)
    choice = recipients.choice(shop, owner)
    assert choice is not None
    assert choice.muted
    breaks(shop)
    rounds.run(shop)
    assert letters(inbox) == []
    recipients.choose(shop, owner, muted=False)
    rounds.run(shop)
    assert [who for who, _ in letters(inbox)] == ["owner"]
    with pytest.raises(NotFound):
        recipients.choose(shop, Actor("robot", "Robot", frozenset({"read"})), muted=True)


def test_mail_goes_encrypted_and_signed_in(shop: Context, tmp_path: Path) -> None:
    certificate = own_certificate(tmp_path)
    settings = shop.settings
    breaks(shop)
    with mail_server(certificate, "enseigne", "a long word") as kept:
        settings.smtp_port, settings.smtp_tls = kept.port, "starttls"
        settings.smtp_user, settings.smtp_password = "enseigne", "a long word"
        assert rounds.run(shop) == 0, "nobody vouches for its certificate"
        assert fault(shop) == "The mail server has no valid certificate."
        settings.smtp_ca = str(certificate)
        settings.smtp_password = "another"
        again(shop)
        assert rounds.run(shop) == 0
        assert fault(shop) == "The mail server refuses our name or password."
        settings.smtp_password = "a long word"
        again(shop)
        assert rounds.run(shop) == 1
    assert kept.encrypted == [True]
    assert fault(shop) == ""


def fault(ctx: Context) -> str:
    with ctx.db.read() as session:
        return session.get_one(WatcherRow, "owner").last_error


def again(ctx: Context) -> None:
    assert isinstance(ctx.clock, TestClock)
    ctx.clock.advance(5 * MINUTE)


def test_a_program_is_called_with_a_signature(shop: Context, clock: TestClock) -> None:
    settings = shop.settings
    settings.smtp_host = ""
    settings.watch_webhook_secret = "a secret of two"
    breaks(shop)
    with called() as program:
        settings.watch_webhook_url = program.url
        assert rounds.run(shop) == 0, "an address of one's own network is not called unasked"
        settings.allow_private = True
        clock.advance(MINUTE)
        program.status = 503
        assert rounds.run(shop) == 0
        program.status = 204
        clock.advance(2 * MINUTE)
        assert rounds.run(shop) == 1
        (refused, _), (headers, body) = program.calls
        stamp = headers["x-enseigne-timestamp"]
        assert headers["x-enseigne-signature"] == signature("a secret of two", stamp, body)
        assert headers["x-enseigne-delivery"] == refused["x-enseigne-delivery"]
        told = json.loads(body)
        assert told["new"][0]["id"] == "connector:feed"
        assert told["new"][0]["text"]["fr"] == "«\u00a0Boutique\u00a0» ne répond plus depuis 14:17."
        connect(shop, "feed", "Boutique")
        clock.advance(6 * MINUTE)
        assert rounds.run(shop) == 1
        assert json.loads(program.calls[-1][1])["over"][0]["kind"] == "connector"
