"""The studio's pages, as their own modules tell them, over PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.demo.screens import SCREENS
from tests.server.web.conftest import Chain
from tests.server.web.test_doors import (  # noqa: F401  (scenarios)
    test_pairing_by_hand,
    test_pressing_the_button_comes_in_once,
    test_signing_out_ends_the_session,
)
from tests.server.web.test_people import (  # noqa: F401
    test_from_invitation_to_signing_in_again,
)
from tests.server.web.test_situation import (  # noqa: F401
    test_silence_means_well,
)
from tests.server.web.test_store import (  # noqa: F401
    ines,
    test_a_pause_and_its_end,
    test_out_of_this_and_back,
)
from tests.server.web.test_wall import (  # noqa: F401
    test_a_manager_sees_her_store_only,
    test_a_watch_link_reads_its_screens_and_nothing_else,
    test_stores_come_in_pages,
)
from tests.support.postgres import Cluster
from tests.support.record import TestClock, make_context
from tests.support.small_shop import publish
from tests.support.studio import furnish, pair

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def calm(
    tmp_path_factory: pytest.TempPathFactory, postgres_cluster: Cluster, migrated_postgres: str
) -> Iterator[Chain]:
    """Fourteen paired screens that play to plan, in a PostgreSQL record."""
    name = postgres_cluster.create(migrated_postgres)
    clock = TestClock()
    context = make_context(tmp_path_factory.mktemp("pg"), postgres_cluster.url(name), clock)
    furnish(context)
    pair(context, *(screen.id for screen in SCREENS))
    publish(context)
    yield Chain(context, clock)
    context.db.close()
    postgres_cluster.drop(name)


@pytest.fixture
def chain(calm: Chain) -> Chain:
    """The same: the one scenario that changes it comes alone."""
    return calm


def test_the_answers_of_every_screen_are_there(calm: Chain) -> None:
    owner = calm.owner()
    for screen in SCREENS:
        assert owner.get(f"/screens/{screen.id}/why").status_code == 200, screen.id
