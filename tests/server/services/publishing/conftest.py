"""Fixtures of this folder."""

from __future__ import annotations

import pytest

from server.services.base.context import Context
from tests.server.services.publishing.published import published
from tests.support.shops import Watched


@pytest.fixture
def chain(any_ctx: Context) -> Watched:
    """The small chain, published."""
    return published(any_ctx)


@pytest.fixture
def lite(ctx: Context) -> Watched:
    """The same on SQLite only."""
    return published(ctx)
