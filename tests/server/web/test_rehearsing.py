"""From a draft to every screen: rehearsed, published somewhere first or later, and taken back."""

from __future__ import annotations

import re
import time
from html import unescape

import pytest

from server.services.base.actors import SYSTEM
from server.services.drafting import drafts, releases
from server.services.rehearsing import rehearsals
from tests.server.web.conftest import Chain, Reader


def words(answer: str) -> str:
    """What a page says, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer)).split())


@pytest.fixture
def subject(chain: Chain) -> str:
    """A playlist that is on air, changed in a draft."""
    name = "base"
    texts = {"headline": {"fr": "Tout neuf", "en": "Brand new"}}
    card = {"template": "message", "params": {"sky": "mist"}, "texts": texts}
    ops = [
        {
            "op": "add",
            "path": "items",
            "id": "fresh",
            "after": None,
            "value": {"content": {"card": card}},
        },
    ]
    drafts.edit(chain.ctx, SYSTEM, "playlist", name, ops)
    return name


def rehearse(reader: Reader, subject: str) -> str:
    """The address of a rehearsal that is done."""
    answer = reader.send("/rehearse", draft=f"playlist:{subject}")
    assert answer.status_code == 303, words(answer.text)
    path = str(answer.location)
    until = time.monotonic() + 30
    while 'hx-trigger="every' in reader.text(path):
        assert time.monotonic() < until
    return path


def test_what_changes_is_told_then_published_and_taken_back(chain: Chain, subject: str) -> None:
    reader = chain.owner()
    assert "What goes on air?" in reader.text("/rehearse")
    assert f"playlist:{subject}" in reader.text("/rehearse")
    path = rehearse(reader, subject)
    said = words(reader.text(path))
    assert re.search(r"\d+ of \d+ screens change", said)
    assert "From the moment you publish; nothing moves until then." in said
    assert "Brand new comes," in said
    pictures = reader.get(f"{path}/pictures/0").json
    assert pictures["after"]["card"]["params"]["headline"] in ("Brand new", "Tout neuf")
    assert pictures["before"]["card"] != pictures["after"]["card"]
    assert reader.get(f"{path}/pictures/99").status_code == 404
    answer = reader.send(f"{path}/publish", where="all", when="now")
    assert answer.status_code == 303
    listed = words(reader.text("/releases"))
    assert "On air" in listed
    name = releases.listing(chain.ctx, SYSTEM)[0].id
    assert "As predicted on 0 of" in words(reader.text(f"/releases/{name}/proof"))
    assert reader.send(f"/releases/{name}/take-back").status_code == 303
    assert "Taken back" in words(reader.text("/releases"))
    assert reader.send(f"/releases/{name}/take-back").status_code == 409


def test_somewhere_first_then_everywhere_in_french(chain: Chain, subject: str) -> None:
    reader = chain.owner("fr")
    path = rehearse(reader, subject)
    assert "Dès que vous publiez" in words(reader.text(path))
    page = reader.text(path)
    store = re.search(r'name="store" value="([^"]+)"', page)
    assert store is not None
    refused = reader.send(f"{path}/publish", where="some")
    assert refused.status_code == 422
    answer = reader.send(f"{path}/publish", where="some", store=store[1])
    assert answer.status_code == 303
    assert "À l’essai" in words(reader.text("/releases"))
    name = releases.listing(chain.ctx, SYSTEM)[0].id
    assert reader.send(f"/releases/{name}/to-all").status_code == 303
    assert releases.get(chain.ctx, SYSTEM, name).state == "done"


def test_at_a_time_and_cancelled(chain: Chain, subject: str) -> None:
    reader = chain.owner()
    path = rehearse(reader, subject)
    for wrong in ({"when": "store"}, {"when": "utc", "at": "2020-01-01T06:00"}):
        assert reader.send(f"{path}/publish", where="all", **wrong).status_code == 422
    answer = reader.send(f"{path}/publish", where="all", when="store", at="2026-10-16T06:00")
    assert answer.status_code == 303
    assert "when each store’s clock shows Friday 16 October, 06:00" in words(
        reader.text("/releases")
    )
    name = releases.listing(chain.ctx, SYSTEM)[0].id
    reader.send(f"/releases/{name}/take-back")
    assert "Cancelled" in words(reader.text("/releases"))


def test_a_draft_that_went_on_is_rehearsed_again(chain: Chain, subject: str) -> None:
    reader = chain.owner()
    path = rehearse(reader, subject)
    drafts.edit(
        chain.ctx, SYSTEM, "playlist", subject, [{"op": "set", "path": "name", "value": "X"}]
    )
    refused = reader.send(f"{path}/publish", where="all", when="now")
    assert refused.status_code == 409
    assert "Rehearse it again" in words(refused.text)


def test_one_that_runs_or_died_says_so(chain: Chain, subject: str) -> None:
    reader = chain.owner()
    made = rehearsals.begin(chain.ctx, SYSTEM, [("playlist", subject)])
    running = reader.text(f"/rehearse/{made.id}")
    assert 'hx-trigger="every 700ms"' in running
    assert "nothing moves" in words(running)
    chain.clock.advance(rehearsals.DEAD_MS + 1)
    assert "Rehearse again" in words(reader.text(f"/rehearse/{made.id}"))


def test_who_may_not_publish_sees_nothing_of_it(chain: Chain, subject: str) -> None:
    reader = chain.manager("lille", "read", "override")
    for path in ("/rehearse", "/releases"):
        assert reader.get(path).status_code == 403
    made = rehearsals.begin(chain.ctx, SYSTEM, [("playlist", subject)])
    local = chain.manager("lille", "read", "content")
    assert local.get(f"/rehearse/{made.id}").status_code == 404
    assert local.send("/rehearse", draft=f"playlist:{subject}").status_code in (403, 404)


def test_a_playlist_that_nothing_plays_leads_on_to_its_campaign(chain: Chain) -> None:
    reader = chain.owner()
    texts = {"headline": {"fr": "Noël dehors", "en": "Christmas outside"}}
    turn = {"id": "one", "content": {"card": {"template": "message", "params": {}, "texts": texts}}}
    made = drafts.begin(chain.ctx, SYSTEM, "playlist", {"name": "Noël", "items": [turn]})
    assert f"/calendar/new?playlist={made.id}" in reader.text(f"/playlists/{made.id}")
    page = reader.text(rehearse(reader, made.id))
    assert "Nothing plays “Noël” yet. A campaign says where and when it plays." in words(page)
    assert "never gets airtime" not in words(page)
    form = reader.text(re.search(r'/calendar/new\?playlist=[^"]+', page)[0])  # type: ignore[index]
    assert f'<option value="{made.id}" selected>' in form
    assert 'name="name" value="Noël"' in form
    assert 'name="name" value=""' in reader.text("/calendar/new?playlist=nowhere")
