"""Forms of files that could not be made: why, in words, and when each is tried again.

A file at fault itself fails for good at the first try. What may pass (no ffmpeg, no room, too slow
just then, a fault of ours) is tried again after RETRY_MS, and once a day when that is used up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from media.errors import LANGUAGES, AssetCorrupt, AssetMissing, MediaError, Reason, Refused
from server.db.models import RenditionFaultRow

MINUTE_MS = 60_000
RETRY_MS = (MINUTE_MS // 2, 2 * MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS)
"""How long to wait after the first try that failed, the second, and so on."""
DAILY_MS = 24 * 60 * MINUTE_MS

_MAY_PASS = frozenset({Reason.NO_FFMPEG, Reason.TIMEOUT, Reason.TOO_HEAVY})
_GONE = "gone"
_OURS = "server-fault"
_SENTENCES: Mapping[str, Mapping[str, str]] = {
    _GONE: {
        "en": "The file itself is missing or damaged on the server. Upload it again.",
        "fr": "Le fichier lui-même manque ou est abîmé sur le serveur. Renvoyez-le.",
    },
    _OURS: {
        "en": "The server could not make this; its log says why. It will try again.",
        "fr": "Le serveur n’a pas pu le faire ; son journal dit pourquoi. Il réessaiera.",
    },
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a form is not there: a stable code, and the sentence for people by language."""

    reason: str
    said: Mapping[str, str]
    final: bool
    """Whether the first tries are used up, so that a person should know."""


def note(session: Session, asset: str, spec: str, error: Exception, now: int) -> None:
    """Keep that making a form of an asset failed at `now` (unix ms)."""
    row = session.get(RenditionFaultRow, (asset, spec))
    tries = 1 if row is None else row.tries + 1
    reason, params, may_pass = _kind(error)
    wait_ms = RETRY_MS[tries - 1] if tries <= len(RETRY_MS) else DAILY_MS
    session.merge(
        RenditionFaultRow(
            asset_sha=asset,
            spec=spec,
            reason=reason,
            params=params,
            tries=tries,
            next_try_at=now + wait_ms if may_pass else None,
        )
    )


def fault_of(row: RenditionFaultRow) -> Fault:
    """What a kept fault says."""
    final = row.next_try_at is None or row.tries > len(RETRY_MS)
    if row.reason in _SENTENCES:
        return Fault(row.reason, _SENTENCES[row.reason], final)
    refused = Refused(Reason(row.reason), **row.params)
    return Fault(row.reason, {lang: refused.sentence(lang) for lang in LANGUAGES}, final)


def _kind(error: Exception) -> tuple[str, dict[str, Any], bool]:
    if isinstance(error, Refused):
        return error.reason.value, dict(error.params), error.reason in _MAY_PASS
    if isinstance(error, AssetMissing | AssetCorrupt):
        return _GONE, {}, True
    assert isinstance(error, MediaError | OSError)
    return _OURS, {}, True
