"""The pages of recalls: one press takes a price off, counts come first, one press gives it back."""

from __future__ import annotations

import re

from server.services.prices import offers
from server.services.screens.screen_states import record_links, record_reports
from tests.server.web.conftest import Chain, Reader, plain

SKU = "PLV-GALET"


def press(reader: Reader, page: str, path: str, **form: object) -> str:
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf
    answer = reader.client.post(path, data={"csrf": csrf[1], **form})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def report(chain: Chain, *screens: str) -> None:
    """These screens say that they hold what the server says now."""
    with chain.ctx.db.read() as session:
        held = {str(name): version for name, version in offers.versions(session).items()}
    said = {screen: (chain.clock(), {"channels": held}) for screen in screens}
    record_reports(chain.ctx, said)


def test_a_price_is_withdrawn_counted_and_given_back(calm: Chain) -> None:
    owner = calm.owner()
    report(calm, "lille-window", "lille-entrance")
    record_links(calm.ctx, ["lille-window"], ["lille-entrance"])
    calm.clock.advance(1_000)
    form = owner.text(f"/recalls/new?sku={SKU}")
    assert "Its price leaves every screen at once." in plain(form)
    at = press(owner, form, "/recalls", sku=SKU, where="all", note="It breaks.")
    page = plain(owner.text(at))
    assert "No screen may show its price." in page
    assert "It breaks." in page
    assert "until" in page
    report(calm, "lille-window")
    assert re.search(r"1 of \d+ screens confirmed", plain(owner.text(at)))
    assert "1 price is withdrawn." in plain(owner.text("/recalls"))
    shown = owner.text(f"{at}?heard=confirmed")
    assert shown.count("/why") == 1
    again = press(owner, shown, f"{at}/lift")
    back = owner.text(again)
    assert "The price is back." in plain(back)
    assert "Given back by" in plain(owner.text("/recalls?state=lifted"))
    other = press(owner, back, f"{at}/again")
    assert other != at
    assert "ne doit montrer son prix" in plain(calm.owner("fr").text(other))


def test_a_store_manager_takes_it_off_at_home_only(calm: Chain) -> None:
    manager = calm.manager("lille", "read", "override")
    form = manager.text("/recalls/new")
    assert f'<option value="{SKU}">' in form
    at = press(manager, form, "/recalls", sku="galet ", where="all")
    page = manager.text(at)
    assert "Withdrawn in" in plain(page)
    assert "Give the price back" in page
    refused = manager.client.post(
        "/recalls", data={"csrf": csrf_of(form), "sku": SKU, "where": "some", "store": "prado"}
    )
    assert refused.status_code == 404
    viewer = calm.manager("prado", "read")
    assert viewer.get("/recalls/new").status_code == 403
    assert viewer.get(at).status_code == 404


def test_what_nobody_sells_is_told_beside_the_form(calm: Chain) -> None:
    owner = calm.owner()
    form = owner.text("/recalls/new")
    answer = owner.client.post("/recalls", data={"csrf": csrf_of(form), "sku": "NOTHING"})
    assert answer.status_code == 404
    assert 'value="NOTHING"' in answer.text


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]
