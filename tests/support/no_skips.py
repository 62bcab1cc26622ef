"""Make a skipped test count as failed where ENSEIGNE_NO_SKIPS is set, as in CI.

What the machine itself forbids, whatever is installed on it, stays a skip that is told.
"""

import os
from collections.abc import Generator
from typing import NoReturn, TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
NO_SKIPS = "ENSEIGNE_NO_SKIPS"


FORBIDDEN = "this machine does not allow"
"""How the reason of a skip begins that nothing that could be installed would help."""


def forbidden(what: str) -> NoReturn:
    """Skip this test: the kernel, or whoever holds this machine, does not allow what it needs."""
    pytest.skip(f"{FORBIDDEN} {what}")


def skips_fail() -> bool:
    """True where a skipped test counts as failed."""
    return os.environ.get(NO_SKIPS, "") not in ("", "0")


def _unskip(report: Report) -> Report:
    if report.skipped and skips_fail() and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        if FORBIDDEN in str(reason):
            return report
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: {reason} ({NO_SKIPS} is set)"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skipped itself, or was skipped by a fixture."""
    return _unskip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module skipped as a whole."""
    return _unskip((yield))
