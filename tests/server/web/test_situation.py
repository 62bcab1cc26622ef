"""The situation's page: quiet when all is well, else what is silent, held, about to end."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event, select

from server.db.models import AccountRow, ActorRow, ConnectorRow, ParadoxRow
from server.ports import Batch, ProductReport
from server.services.prices import intake
from tests.server.web.conftest import Chain, plain
from tests.support.studio import set_fact

MINUTE = 60_000


def connect(chain: Chain, name: str, title: str, **more: object) -> None:
    row = ConnectorRow(id=name, kind="mqtt_counts", name=title, config={}, state={}, counters={})
    row.last_success_at, row.every_s, row.next_run_at = chain.clock(), 60, 10**15
    for key, value in more.items():
        setattr(row, key, value)
    with chain.ctx.db.write() as session:
        session.merge(row)


def leap(chain: Chain) -> None:
    """The shop says that a thing costs nine cents."""
    product = ProductReport("PLV-GALET", "EUR", 9)
    sold = chain.ctx
    intake.take(
        sold, intake.Source("feed", shop="pluvier"), Batch(chain.clock(), products=(product,))
    )


def test_shelves_that_contradict_the_shop_stand_beside_their_store(calm: Chain) -> None:
    began = calm.clock() - 6 * 60 * MINUTE
    with calm.ctx.db.write() as session:
        row = ParadoxRow(store_id="lille", sku="PLV-GALET", began_at=began, kind="out_here")
        session.add(row)
    assert "In stock online, out here 1 product" in plain(calm.owner().text("/situation"))


def test_silence_means_well(calm: Chain) -> None:
    words = plain(calm.owner().text("/situation"))
    assert "Everything that should speak does. Nothing waits for anyone." in words
    assert "All 14 screens are well." in words
    assert "Accept" not in words
    assert "rain, 11°" in words
    assert "too old" not in words


def test_what_is_silent_comes_first(chain: Chain) -> None:
    connect(chain, "counters", "Compteurs")
    error = "shop.example answered 500."
    old = chain.clock() - 20 * MINUTE
    connect(chain, "feed", "Boutique <b>", failures=3, last_error=error, last_success_at=old)
    chain.lose("lille-window")
    chain.clock.advance(6 * MINUTE)
    set_fact(chain.ctx, "occupancy:tills@prado", 4, "counters@prado")
    page = chain.owner().text("/situation")
    words = plain(page)
    assert re.search(r"“Boutique <b>” is silent since 14:12\. \d+ more things are not", words)
    assert "<b>” is" not in page
    assert f"{error} The other side is away." in words
    assert "lille".title() in words
    assert "/wall?store=lille&amp;kind=offline" in page
    french = plain(chain.owner("fr").text("/situation"))
    assert "« Boutique <b> » ne répond plus depuis 14:12." in french.replace("\u00a0", " ")


def test_a_person_decides_on_a_price(chain: Chain) -> None:
    owner = chain.owner()
    leap(chain)
    page = owner.text("/situation")
    assert "looks wrong" in plain(page)
    assert "€0.09" in plain(page)
    action = re.search(r'action="(/situation/prices/[^"]+)"', page)
    channels = re.findall(r'name="channel" value="([^"]+)"', page)
    assert action
    assert len(channels) == 4
    assert owner.send(action[1], channel=channels, word="refuse").status_code == 303
    assert "looks wrong" not in plain(owner.text("/situation"))
    again = owner.send(action[1], channel=channels, word="refuse")
    assert again.status_code == 422
    assert "It was decided already." in plain(again.text)


def test_a_person_decides_on_a_batch(chain: Chain) -> None:
    owner = chain.owner()
    connect(chain, "feed", "Boutique")
    source = intake.Source("feed", shop="pluvier")
    assert intake.take(chain.ctx, source, Batch(chain.clock(), whole=True)).held
    page = owner.text("/situation")
    assert "A batch of “Boutique” is held" in plain(page)
    action = re.search(r'action="(/situation/batches/[^"]+)"', page)
    assert action
    assert owner.send(action[1], word="accept").status_code == 303
    assert "is held" not in plain(owner.text("/situation"))
    assert owner.send(action[1], word="accept").status_code == 404
    stale = owner.client.post(action[1], data={"csrf": "old", "word": "accept"})
    assert stale.status_code == 403


def test_a_manager_sees_her_store_and_decides_nothing(chain: Chain) -> None:
    connect(chain, "feed", "Boutique", failures=3, last_error="No.")
    leap(chain)
    chain.lose("prado-window")
    reader = chain.manager("lille", "read", "override")
    page = reader.text("/situation")
    assert "“Boutique”" not in page
    assert "Sources" not in page
    assert "Prado" not in page
    assert "Vieux-Port" not in page
    assert "The owner decides." in plain(page)
    refused = reader.send("/situation/prices/PLV-GALET", channel="pluvier@lille", word="accept")
    assert refused.status_code == 403
    assert reader.send("/situation/mail", muted="1").status_code == 404


def test_one_gathering_whatever_there_is(chain: Chain) -> None:
    owner, counted = chain.owner(), [0]

    @event.listens_for(chain.ctx.db.engine, "before_cursor_execute")
    def count(*_: object) -> None:
        counted[0] += 1

    owner.text("/situation")
    counted[0] = 0
    owner.text("/situation")
    few = counted[0]
    for at in range(30):
        connect(chain, f"feed-{at}", f"Feed {at}", failures=3, last_error="No.")
    leap(chain)
    for screen in ("lille-window", "prado-window", "vieux-port-window"):
        chain.lose(screen)
    counted[0] = 0
    owner.text("/situation")
    assert counted[0] <= few + 5


@pytest.mark.parametrize("path", ["/situation?store=nowhere", "/situation?store=%00&after="])
def test_strange_stores(calm: Chain, path: str) -> None:
    assert "No store is there to speak of." in plain(calm.owner().text(path))
    assert calm.owner().get("/situation?after=x").status_code == 422


def test_whoever_asks_for_silence_gets_it(chain: Chain) -> None:
    owner = chain.owner()
    with chain.ctx.db.write() as session:
        actor = session.scalars(select(ActorRow).where(ActorRow.role == "owner")).one()
        account = session.get(AccountRow, actor.id) or AccountRow(actor_id=actor.id)
        account.email = "owner@pluvier.example"
        session.add(account)
    assert "No mail server is set up" in plain(owner.text("/situation"))
    chain.ctx.settings.smtp_host = "mail.example"
    assert "goes to owner@pluvier.example" in plain(owner.text("/situation"))
    assert owner.send("/situation/mail", muted="1").status_code == 303
    assert "You asked for silence." in plain(owner.text("/situation"))
    assert owner.send("/situation/mail", muted="0").status_code == 303
    assert "Tell me no more" in plain(owner.text("/situation"))
