"""A player's life over HTTP and coming in, as their own modules tell it, over PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.services.base.context import Context
from tests.server.api.test_limits import (  # noqa: F401  (scenarios)
    test_who_types_wrong_codes_may_not_try_the_right_one_at_once,
)
from tests.server.api.test_player import (  # noqa: F401
    test_a_held_device_is_told_why,
    test_a_new_player_gets_its_head_offers_and_freshness_in_one_report,
    test_a_page_that_watches_may_look_at_what_its_screens_show_and_say_nothing,
    test_a_price_change_is_answered_by_its_delta_and_a_new_lease,
    test_a_replaced_plan_can_still_be_fetched_for_a_while_then_no_more,
    test_a_server_restored_from_yesterday_still_reaches_a_player_that_is_ahead,
    test_an_asset_resumes_by_range,
    test_every_object_of_the_plan_can_be_fetched_and_is_what_its_name_says,
    test_offers_are_pulled_from_the_version_held,
    test_plays_are_acknowledged_once_kept_and_again_when_posted_again,
)
from tests.server.api.test_signin import (  # noqa: F401
    owner,
    test_a_token_does_what_its_rights_say_and_stops_when_revoked,
    test_signing_out_ends_the_session_on_the_server,
    test_the_cookie_signs_in_and_its_word_allows_changes,
)
from tests.support.record import TestClock, make_context

pytestmark = pytest.mark.postgres


@pytest.fixture
def ctx(tmp_path: Path, clock: TestClock, postgres_record: str) -> Iterator[Context]:
    """A context over an empty PostgreSQL record."""
    context = make_context(tmp_path, postgres_record, clock)
    context.settings.codes_per_minute = 3
    yield context
    context.db.close()
