"""The demo's promotions: as the studio's form writes them, held where the demo plays them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from playlists.model_json import playlist_from_json, playlist_to_json
from server.demo.cards import Art, Cards
from server.demo.promotions import promotions
from server.demo.wishes import wishes
from server.services.promoting.forms import body_of, form_of
from server.services.promoting.promotions import MARK, is_promotion

SHA: defaultdict[str, str] = defaultdict(lambda: "a" * 64)
ART = Art(SHA, SHA)


def test_the_form_gives_back_what_it_reads() -> None:
    for promotion in promotions(Cards(ART)):
        of = promotion.id.removeprefix(MARK)
        written = body_of(form_of(playlist_to_json(promotion)), of)
        assert playlist_from_json({**written, "id": promotion.id}) == promotion


def test_all_but_the_one_that_waits_for_its_sale_are_held() -> None:
    playlists = wishes(ART, date(2026, 10, 15)).playlists
    known = [one.id for one in playlists if is_promotion(one.id)]
    held = {
        item.content for one in playlists for item in one.items if isinstance(item.content, str)
    }
    assert len(known) == 8
    assert set(known) - held == {"promo-escale"}
    assert held <= set(known)
