"""What changes while somebody writes: a session that is lost, a form that is old, a playlist that
is on air, a store's clock. Each is answered beside its place, and nothing is lost.
"""

from __future__ import annotations

import re
from html import unescape

import pytest
from werkzeug.test import TestResponse

from playlists.ids import CampaignId, PlaylistId, StoreId
from playlists.model import Campaign, Target
from server.services.base.actors import SYSTEM
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.drafting import drafts, history
from server.services.entry import people, sessions
from server.services.wishes import content, overrides
from tests.server.web.conftest import Chain, Reader, plain
from tests.server.web.test_bad_input import alerts
from tests.support.shops import shown
from tests.support.small_shop import publish

LILLE = {"name": "Lille", "zone": "Europe/Paris"}

# A session that is lost, a page that is old

WORDS = {
    "en": ("You are signed out.", "What you wrote is still here.", "Send it again"),
    "fr": (
        "Vous êtes déconnecté.",
        "Ce que vous avez écrit est toujours là.",
        "Envoyer de nouveau",
    ),
}
OURS = {"Sec-Fetch-Site": "same-origin"}
STORE = {"name": "Arras <b>", "zone": "Europe/Paris", "address": "Grand-Place", "csrf": "old"}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_form_outlives_the_session_it_was_opened_in(chain: Chain, language: str) -> None:
    reader = chain.owner(language)
    headers = {**OURS, "Accept-Language": language}
    _lose(chain, reader)
    lost = reader.client.post("/places", data=STORE, headers=headers)
    assert lost.status_code == 401
    assert all(said in plain(lost.text) for said in WORDS[language])
    assert hidden(lost) == {name: value for name, value in STORE.items() if name != "csrf"}

    _come_back(chain, reader)
    old = reader.client.post(_action(lost), data=hidden(lost), headers=headers)
    assert old.status_code == 403
    assert WORDS[language][1] in plain(old.text)
    kept = reader.client.post(_action(old), data=hidden(old), headers=headers)
    assert kept.status_code == 303
    assert "Arras <b>" in [one.value.name for one in places.list_stores(chain.ctx, SYSTEM).items]


def test_a_lost_session_gives_nothing_to_other_sites_and_no_password_to_anybody(
    chain: Chain,
) -> None:
    reader = chain.owner()
    _lose(chain, reader)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert "Grand-Place" not in reader.client.post("/places", data=STORE, headers=foreign).text
    assert "Grand-Place" not in reader.client.post("/places", data=STORE).text
    secret = {"current": "correct horse", "password": "battery staple", "name": "Inès"}
    english = {**OURS, "Accept-Language": "en"}
    page = reader.client.post("/me/password", data=secret, headers=english).text
    assert "Inès" in page
    assert "correct horse" not in page
    assert "battery staple" not in page
    assert "are not kept" in plain(page)


def test_a_form_of_what_somebody_threw_away_can_still_be_read(chain: Chain) -> None:
    reader = chain.owner()
    history.remove(chain.ctx, SYSTEM, "campaign", "rain-lille")
    gone = reader.send("/calendar/campaigns/rain-lille", name="Il pleut encore", playlist="sale")
    assert gone.status_code == 404
    assert "There is no such campaign among your stores." in plain(gone.text)
    assert "Il pleut encore" in gone.text
    assert "Send it again" not in gone.text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_stale_form_overwrites_nobody_unseen(chain: Chain, language: str) -> None:
    told = {
        "en": ("Someone changed this since you read it.", "Someone changed this in the meantime."),
        "fr": ("Quelqu’un l’a modifié depuis que vous l’avez lu.", "Quelqu’un l’a changé entre"),
    }[language]
    reader = chain.owner(language)
    page = reader.text("/places/lille")
    version = re.search(r'name="version" value="(\d+)"', page)
    mark = re.search(r'name="mark" value="([^"]+)"', reader.text("/promotions/promo-azimut"))
    assert version
    assert mark
    store = places.get_store(chain.ctx, SYSTEM, "lille").value
    places.update_store(chain.ctx, SYSTEM, "lille", StoreWish("Lille 2", store.zone))
    title = {"op": "set", "path": "name", "value": "Theirs"}
    drafts.edit(chain.ctx, SYSTEM, "playlist", "promo-azimut", [title])

    mine = reader.send("/places/lille", version=version[1], **{**LILLE, "name": "Mine"})
    assert mine.status_code == 412
    assert told[0] in alerts(mine)
    assert 'value="Mine"' in mine.text
    assert places.get_store(chain.ctx, SYSTEM, "lille").value.name == "Lille 2"

    mine = reader.send("/promotions/promo-azimut", mark=mark[1], name="Mine")
    assert mine.status_code == 409
    assert told[1] in alerts(mine)
    assert 'value="Mine"' in mine.text
    assert drafts.read(chain.ctx, SYSTEM, "playlist", "promo-azimut").body["name"] == "Theirs"
    seen = re.search(r'name="mark" value="([^"]+)"', mine.text)
    assert seen
    assert reader.send("/promotions/promo-azimut", mark=seen[1], name="Mine").status_code == 303


def _lose(chain: Chain, reader: Reader) -> None:
    cookie = reader.client.get_cookie(sessions.COOKIE)
    assert cookie
    people.sign_out(chain.ctx, sessions.unseal(chain.ctx, cookie.value) or "")


def _come_back(chain: Chain, reader: Reader) -> None:
    path = people.owner_link(chain.ctx).removeprefix(chain.ctx.settings.url)
    assert reader.client.post(path).status_code == 303


def hidden(answer: TestResponse) -> dict[str, str]:
    """The fields that the page sends again."""
    form = answer.text.partition('<form method="post" action="/places')[2].partition("</form>")[0]
    found = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in found}


def _action(answer: TestResponse) -> str:
    found = re.search(r'<form method="post" action="(/places[^"]*)"', answer.text)
    assert found
    return found[1]


# What is on air meanwhile


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_playlist_that_is_on_air_stays_there(chain: Chain, language: str) -> None:
    said = {
        "en": "It stays while something plays it.",
        "fr": "Elle reste tant que quelque chose la joue.",
    }[language]
    reader = chain.owner(language)
    before = shown(chain.ctx, "lille-window")
    kept = reader.send("/playlists/base/throw")
    assert kept.status_code == 409
    assert said in plain(kept.text)
    publish(chain.ctx)
    assert shown(chain.ctx, "lille-window") == before


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_campaign_whose_playlist_went_meanwhile(chain: Chain, language: str) -> None:
    said = {
        "en": (
            "The playlist that it plays is there no more.",
            "There is no playlist “held-by-hand”",
        ),
        "fr": ("La playlist qu’elle passe n’est plus là.", "Il n’y a pas de playlist"),
    }[language]
    reader = chain.owner(language)
    op = {"op": "set", "path": "playlist", "value": "held-by-hand"}
    drafts.edit(chain.ctx, SYSTEM, "campaign", "sale", [op])
    rehearsed = reader.send("/rehearse", draft="campaign:sale").location
    history.remove(chain.ctx, SYSTEM, "playlist", "held-by-hand")
    assert said[0] in plain(reader.text("/calendar/campaigns/sale"))
    refused = reader.send(f"{rehearsed}/publish", where="all")
    assert refused.status_code == 422
    assert said[1] in alerts(refused)
    assert content.get_campaign(chain.ctx, SYSTEM, "sale").value.playlist == "sale"


def test_a_store_goes_over_to_another_clock_while_its_campaign_runs(chain: Chain) -> None:
    reader = chain.owner()
    noon = Campaign(
        CampaignId("noon"),
        "A noon",
        PlaylistId("sale"),
        target=Target(stores=frozenset({StoreId("lille")})),
    )
    content.create_campaign(chain.ctx, SYSTEM, noon)
    form = {"name": "Lille", "zone": "America/Martinique", "country": "FR"}
    kept = reader.send("/places/lille", **form)
    assert kept.status_code == 303
    said = plain(reader.text(kept.location))
    assert "The store goes by the clock of Martinique from now on." in said
    assert "Campaigns go on here at the same times of day, by that clock: “A noon”, “" in said
    reader.language = "fr"
    assert "Le magasin suit désormais l’heure de Martinique." in plain(reader.text(kept.location))
    again = reader.send("/places/lille", **form)
    assert "from now on" not in plain(reader.text(again.location)), "it did not move again"


def test_a_hand_on_the_night_when_the_clocks_go_back(chain: Chain) -> None:
    """At 02:10 of 25 October in Lille, which comes twice: until 02:30 is until the second."""
    reader = chain.owner()
    second = 1_792_891_800_000  # 2026-10-25T01:30Z, 02:30 again
    for now in (second - 80 * 60_000, second - 20 * 60_000):
        chain.clock.now = now
        form = {"playlist": "held-by-hand", "screens": "lille-window", "until": "02:30"}
        assert reader.send("/store/lille/show", **form).status_code == 303
        held = overrides.list_overrides(chain.ctx, SYSTEM, store="lille").items
        assert {one.value.until_ms for one in held} == {second}
    late = reader.send("/store/lille/show", **{**form, "until": "02:05"})
    assert (late.status_code, "Choose an end that lies ahead" in alerts(late)) == (422, True)


def test_a_hand_on_the_night_when_the_clocks_go_forward(chain: Chain) -> None:
    """02:30 of 28 March does not come in Lille: the end is when the clock is past it."""
    chain.clock.now = 1_806_192_000_000  # 2027-03-28T00:00Z, 01:00
    form = {"playlist": "held-by-hand", "screens": "lille-window", "until": "02:30"}
    reader = chain.owner()
    assert reader.send("/store/lille/show", **form).status_code == 303
    (held,) = overrides.list_overrides(chain.ctx, SYSTEM, store="lille").items
    assert held.value.until_ms == chain.clock.now + 3_600_000, "03:00, an hour later"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_target_that_hits_no_screen_and_a_share_over_the_whole(
    calm: Chain, language: str
) -> None:
    said = {
        "en": ("This target hits no screen", "A share is more than 0 and at most 100"),
        "fr": ("Cette cible ne touche aucun écran", "Une part dépasse 0 et atteint au plus 100"),
    }[language]
    reader = calm.owner(language)
    form = {
        "name": "Personne",
        "playlist": "sale",
        "share": "120",
        "tag": "window",
        "not": "window",
    }
    refused = reader.send("/calendar/new", **form, check="1")
    assert said[0] in plain(refused.text)
    assert said[1] in alerts(refused)
    assert 'value="120"' in refused.text
