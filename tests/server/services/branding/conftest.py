"""The record of this folder's tests."""

from __future__ import annotations

import pytest

from server.services.base.context import Context
from tests.support.small_shop import lay_out


@pytest.fixture
def ctx(ctx: Context) -> Context:
    """Two stores with a screen each."""
    lay_out(ctx)
    return ctx
