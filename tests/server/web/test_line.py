"""For when a store's line is down: one's own code, shown once, and the card it stands on."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from playlists.wire.hands import code_hash
from server.db.models import HandCodeRow
from tests.server.web.conftest import Chain, Reader
from tests.server.web.test_store import words

HERE = "/store/vieux-port/line"


@pytest.fixture
def ines(chain: Chain) -> Reader:
    """The manager of Vieux-Port, in French."""
    reader = chain.manager("vieux-port", "read", "override")
    reader.language = "fr"
    return reader


def test_a_code_is_shown_once_with_how_it_is_used(chain: Chain, ines: Reader) -> None:
    assert "Vous n’avez pas encore de code." in words(ines.text(HERE))
    page = ines.send(HERE).get_data(as_text=True)
    said = words(page)
    code = "".join(re.findall(r"<span>([0-9A-Z]{4})</span>", page))
    assert len(code) == 12
    assert "4 h au plus" in said
    assert "Votre code est valable jusqu’au" in said
    assert code[:4] not in words(ines.text(HERE)).split()
    with chain.ctx.db.read() as session:
        (row,) = session.scalars(select(HandCodeRow))
        assert row.hash == code_hash(code, row.salt)


def test_a_code_is_revoked_with_one_click(ines: Reader) -> None:
    ines.send(HERE)
    assert ines.send(f"{HERE}/revoke").status_code == 303
    assert "Vous n’avez pas encore de code." in words(ines.text(HERE))


def test_nobody_gets_a_code_of_another_store_or_by_a_foreign_form(ines: Reader) -> None:
    assert ines.send("/store/prado/line").status_code == 404
    assert ines.client.post(HERE, data={}).status_code in (400, 403)
    assert ines.client.post(f"{HERE}/revoke", data={}).status_code in (400, 403)
