"""What a screen's device last said of itself, in one line: heard when, which plan, files, clock."""

from __future__ import annotations

from server.services.showing.standing import Standing
from server.web.clock import when
from server.web.phrases import Language, counted, say, sentence


def device_line(standing: Standing, now: int, zone: str, language: Language) -> str:
    """The line; empty for a screen without a device, or one that was never heard."""
    if standing.state == "unpaired" or standing.seen_at is None:
        return ""
    holds = standing.holds
    parts = [say("device_heard", language, at=when(standing.seen_at, now, zone, language))]
    if not holds.revision:
        return sentence(", ".join((*parts, say("device_no_plan", language))))
    parts.append(say("device_plan", language, at=when(holds.revision, now, zone, language)))
    if holds.in_force > holds.revision:
        parts.append(say("device_newer", language, at=when(holds.in_force, now, zone, language)))
    missing = counted("device_lacks", holds.missing, language) if holds.missing else ""
    parts.append(missing or say("device_files", language))
    known = holds.clock_ms is not None
    parts.append(say("device_clock" if known else "device_no_clock", language, ms=holds.clock_ms))
    return sentence(", ".join(parts))
