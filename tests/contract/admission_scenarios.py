"""Scenarios of admission, told once: Python and the page's JavaScript must both live through them.

`python -m tests.contract.admission_scenarios` writes them to admission.json with real signatures
(Ed25519 is deterministic) and the state each ends in; a test refuses a file that is not current.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playlists import trusted_json
from playlists.admission import next_revision
from playlists.signing import KeyDocument, sign
from tests.contract.admission_story import (
    ALL_USES,
    CLOCK,
    DAY,
    HOUR,
    NOON,
    ONE,
    ROOT,
    SHOP,
    THIEF,
    TWO,
    USUAL,
    Story,
    freshness,
    head,
    keys,
    listed,
    live,
    offer,
    offers,
    start,
    time,
)

FILE = Path(__file__).parent / "admission.json"
FETCH_A = ("changed head", "fetch " + "a" * 64)
FETCH_B = ("changed head", "fetch " + "b" * 64)
SAME, REPLAY = "ignored offers same", "ignored offers replay"
CHANGED, PULL = f"changed offers {SHOP}", f"pull offers {SHOP}"


def a_newer_head_is_admitted_and_its_manifest_fetched() -> Story:
    return Story().head(head(7), *FETCH_A).head(head(8, "b"), *FETCH_B)


def an_older_head_is_refused_also_after_a_reboot() -> Story:
    return (
        Story()
        .head(head(8), *FETCH_A)
        .head(head(7), "refused rollback")
        .reboot()
        .head(head(7), "refused rollback")
    )


def the_same_head_again_changes_nothing_and_another_of_its_revision_is_refused() -> Story:
    story = Story().head(head(7), *FETCH_A).head(head(7), "ignored head same")
    return (
        story.head(head(7, "b"), "refused equivocation")
        .reboot()
        .head(head(7, "b"), "refused equivocation")
    )


def a_head_that_is_over_is_refused_by_a_trusted_clock_only() -> Story:
    over = head(7, until=NOON)
    story = Story().head(over, "refused expired", now=(NOON + 10, 10))
    return story.head(over, *FETCH_A, now=(NOON + 9, 10))


def a_head_that_is_over_is_admitted_without_a_clock() -> Story:
    return Story().head(head(7, until=NOON), *FETCH_A, now=(NOON + DAY, None))


def a_head_of_another_screen_is_refused() -> Story:
    return Story().head(head(7, screen="lille-2"), "refused wrong_screen")


def forged_heads_are_refused_and_leave_no_trace() -> Story:
    good = head(7)
    cut, changed = good[:-2], good.replace(good[-12:-6], "AAAAAA")
    story = (
        Story()
        .head(head(9**15, by=THIEF), "refused unknown_key")
        .head(changed, "refused bad_signature")
    )
    story.head(cut, "refused bad_signature").head(good + ".x", "refused malformed").head(
        "", "refused malformed"
    )
    story.head(head(9**15, by=ROOT), "refused unknown_key").head(
        head(9**15, by=CLOCK), "refused key_use"
    )
    story.head(freshness(NOON, 1), "refused typ")
    return story.head(good, *FETCH_A)


def a_signed_head_with_a_wrong_field_is_refused() -> Story:
    story = Story()
    for payload in ({"v": 1}, {"v": 2}, [], {"v": 1, "screen": "lille-1", "revision": 0}):
        story.head(sign("head", payload, ONE), "refused payload")  # type: ignore[arg-type]
    return story


def a_key_signs_in_its_window_only() -> Story:
    story = Story(paired=False).keys(keys(1, listed(ONE, "head", until_ms=NOON)), "changed keys")
    return story.head(head(7), "refused key_time", now=(NOON, 0)).head(
        head(7), *FETCH_A, now=(NOON - 1, 0)
    )


def before_the_keys_came_nothing_is_believed() -> Story:
    return (
        Story(paired=False)
        .head(head(7), "refused unknown_key")
        .time(time(NOON), "refused unknown_key")
    )


def rotation_overlaps_and_the_same_head_moves_to_the_new_key() -> Story:
    story = Story().head(head(7), *FETCH_A)
    story.keys(keys(2, *USUAL, listed(TWO, *ALL_USES)), "changed keys").head(
        head(7, by=TWO), "ignored head same"
    )
    story.keys(keys(3, listed(TWO, *ALL_USES), listed(CLOCK, "time")), "changed keys")
    return story.head(head(6, by=TWO), "refused rollback").head(
        head(8, "b", by=ONE), "refused unknown_key"
    )


def a_lost_key_takes_all_it_signed_with_it() -> Story:
    far = 9 * 10**15
    story = Story().head(head(far), *FETCH_A).offers(offers(0, far, offer("A", 1)), CHANGED)
    story.freshness(freshness(far, far), "changed freshness lille").time(time(NOON), "changed time")
    new = keys(2, listed(TWO, *ALL_USES), listed(CLOCK, "time"))
    story.keys(new, "changed keys", "pull head", PULL, "pull freshness").reboot()
    story.head(head(7, "b", by=TWO), *FETCH_B).offers(offers(0, 5, offer("A"), by=TWO), CHANGED)
    return story.freshness(freshness(NOON, 5, by=TWO), "changed freshness lille")


def a_channel_stands_on_every_key_that_built_it() -> Story:
    two = listed(TWO, *ALL_USES)
    story = Story().keys(keys(2, *USUAL, two), "changed keys")
    story.offers(offers(0, 5, offer("A", 1)), CHANGED)
    story.offers(offers(5, 6, offer("B"), by=TWO), CHANGED)
    story.keys(keys(3, two), "changed keys", PULL)
    story.offers(offers(0, 6, offer("A"), offer("B"), by=TWO), CHANGED)
    return story.keys(keys(4, two, listed(ONE, *ALL_USES)), "changed keys")


def a_lost_clock_key_takes_the_time_with_it() -> Story:
    story = (
        Story().time(time(NOON + 80 * DAY), "changed time").clock(1100, 0, NOON + 80 * DAY + 50, 51)
    )
    story.keys(keys(2, listed(ONE, *ALL_USES), listed(TWO, "time")), "changed keys", "changed time")
    return (
        story.clock(1100, 0, 0, None)
        .time(time(NOON, by=TWO), "changed time")
        .clock(1100, 0, NOON + 50, 51)
    )


def older_forged_and_doubled_keys_documents_are_refused() -> Story:
    story = Story().keys(keys(3, *USUAL), "changed keys").keys(keys(2, *USUAL), "refused rollback")
    story.keys(keys(3, *USUAL), "ignored keys same").keys(keys(3), "refused equivocation")
    story.keys(keys(9, *USUAL, by=ONE), "refused unknown_key").keys(
        sign("keys", {"v": 1}, ROOT), "refused payload"
    )
    false_kid = json.loads(
        json.dumps(KeyDocument(9, NOON, USUAL).to_json()).replace(ONE.kid, "0" * 16)
    )
    return (
        story.keys(sign("keys", false_kid, ROOT), "refused payload")
        .reboot()
        .keys(keys(2, *USUAL), "refused rollback")
    )


def offers_go_from_version_to_version() -> Story:
    story = Story().offers(offers(0, 5, offer("A"), offer("B"), offer("C")), CHANGED)
    story.offers(offers(5, 6, offer("B", 7990), offer("D"), gone=("A",)), CHANGED)
    return (
        story.offers(offers(6, 7, gone=("B", "Z")), CHANGED)
        .reboot()
        .offers(offers(7, 8, offer("A")), CHANGED)
    )


def a_gap_is_pulled_and_the_snapshot_closes_it() -> Story:
    story = Story().offers(offers(4, 5, offer("A")), PULL).offers(offers(0, 5, offer("A")), CHANGED)
    story.offers(offers(6, 7, offer("B")), PULL)
    return story.offers(offers(0, 7, offer("A"), offer("B")), CHANGED)


def a_replayed_price_is_ignored_also_after_a_reboot() -> Story:
    cheap, dear = offers(0, 5, offer("A", 1)), offers(5, 6, offer("A"))
    story = (
        Story()
        .offers(cheap, CHANGED)
        .offers(dear, CHANGED)
        .offers(cheap, REPLAY)
        .offers(dear, REPLAY)
    )
    return story.reboot().offers(cheap, REPLAY).offers(dear, REPLAY)


def the_same_snapshot_again_is_no_change_and_another_of_its_version_is_refused() -> Story:
    story = Story().offers(offers(0, 5, offer("A"), offer("B")), CHANGED)
    story.offers(offers(0, 5, offer("B"), offer("A")), SAME)
    return story.offers(offers(0, 5, offer("A", 1)), "refused equivocation")


def a_forged_or_broken_price_is_refused() -> Story:
    story = Story().offers(offers(0, 5, offer("A", 1), by=THIEF), "refused unknown_key")
    story.offers(offers(0, 5, offer("A", 1), by=CLOCK), "refused key_use")
    return story.offers(offers(0, 5, offer("A", -1)), "refused payload").offers(
        head(7), "refused typ"
    )


def a_restored_backup_reaches_every_screen() -> Story:
    """The server had reached NOON + 9; its backup knows NOON + 2. Its clock goes on."""
    lost, backup, later = NOON + 9, NOON + 2, NOON + DAY
    story = Story().head(head(lost), *FETCH_A).offers(offers(0, lost, offer("A")), CHANGED)
    story.head(head(backup, "b"), "refused rollback")
    revision = next_revision(backup, later)
    story.head(head(revision, "b"), *FETCH_B)
    story.offers(offers(backup, revision, offer("A", 7990)), PULL)
    return story.offers(offers(0, revision, offer("A", 7990)), CHANGED)


def freshness_only_grows_per_store() -> Story:
    story = Story().offers(offers(0, 5, offer("A")), CHANGED)
    story.freshness(freshness(NOON, 5), "changed freshness lille").freshness(
        freshness(NOON - 1, 5), "ignored freshness replay"
    )
    story.freshness(freshness(NOON, 5), "ignored freshness same").freshness(
        freshness(NOON, 6), "refused equivocation"
    )
    story.freshness(freshness(NOON - 1, 5, store="lyon"), "changed freshness lyon")
    return story.reboot().freshness(freshness(NOON - 1, 5), "ignored freshness replay")


def freshness_tells_of_a_missed_delta() -> Story:
    story = Story().offers(offers(0, 5, offer("A")), CHANGED)
    story.freshness(freshness(NOON, 6), "changed freshness lille", PULL)
    story.freshness(freshness(NOON + 1, 4), "changed freshness lille")
    return story.freshness(freshness(NOON + 2, 9, channel="shop@lyon"), "changed freshness lille")


def freshness_of_a_channel_that_is_wanted_and_not_held_is_pulled() -> Story:
    return (
        Story()
        .follow(SHOP, expect=(PULL,))
        .freshness(freshness(NOON, 5), "changed freshness lille", PULL)
    )


def forged_freshness_renews_nothing() -> Story:
    story = Story().freshness(freshness(NOON, 5, by=THIEF), "refused unknown_key")
    return story.freshness(freshness(NOON, -5), "refused payload").freshness(
        freshness(NOON, 5)[:-2], "refused bad_signature"
    )


def a_channel_no_longer_followed_leaves_its_mark() -> Story:
    other = "shop@lyon"
    story = (
        Story()
        .offers(offers(0, 5, offer("A")), CHANGED)
        .follow(other, expect=(f"pull offers {other}",))
    )
    story.offers(offers(0, 4, offer("A", 1)), REPLAY).offers(offers(5, 6, offer("A")), PULL)
    story.freshness(freshness(NOON, 9), "changed freshness lille")
    return story.follow(SHOP, expect=(PULL,)).offers(offers(0, 5, offer("A")), CHANGED).follow(SHOP)


def a_clock_a_year_off_is_put_right_by_signed_time() -> Story:
    year = NOON + 365 * DAY
    story = Story().clock(1000, year, year, None).time(time(NOON), "changed time")
    return story.clock(1100, year, NOON + 50, 51).clock(1100 + HOUR, 0, NOON + 50 + HOUR, 411)


def a_restart_loses_trust_but_time_never_goes_back() -> Story:
    story = Story().time(time(NOON), "changed time").tick(1100 + HOUR).reboot()
    return story.clock(5, 0, NOON + 50 + HOUR, None).clock(5, NOON + DAY, NOON + DAY, None)


def a_monotonic_clock_that_began_again_is_not_trusted() -> Story:
    return (
        Story()
        .time(time(NOON), "changed time")
        .tick(10)
        .clock(10, 0, NOON + 50, None)
        .time(time(NOON + 60), "changed time", sent=20, received=30)
        .clock(30, 0, NOON + 65, 6)
    )


def replayed_and_foreign_times_are_refused() -> Story:
    story = Story().time(time(NOON), "changed time").time(time(NOON - 1), "refused rollback")
    story.time(time(NOON + 1, nonce="m" * 22), "refused nonce").time(
        time(NOON + 1, by=ONE), "refused key_use"
    )
    story.time(time(NOON + 91 * DAY), "refused key_time").time(
        time(NOON + 1, by=THIEF), "refused unknown_key"
    )
    return story.reboot().time(time(NOON - 1), "refused rollback")


def a_slow_answer_says_too_little() -> Story:
    story = Story().time(time(NOON), "refused late", sent=0, received=10_001)
    return story.time(time(NOON), "refused late", sent=5, received=4).time(
        time(NOON), "changed time", sent=0, received=10_000
    )


def a_finer_estimate_that_agrees_stays() -> Story:
    story = Story().time(time(NOON), "changed time", sent=1000, received=1010)
    story.time(time(NOON + 1000), "changed time", sent=1010, received=3010).clock(
        3010, 0, NOON + 2005, 7
    )
    return story.time(time(NOON + 2005), "changed time", sent=3010, received=3010).clock(
        3010, 0, NOON + 2005, 1
    )


def an_estimate_that_disagrees_gives_way() -> Story:
    story = Story().time(time(NOON), "changed time", sent=1000, received=1010)
    return story.time(time(NOON + HOUR), "changed time", sent=1010, received=1110).clock(
        1110, 0, NOON + HOUR + 50, 51
    )


def a_mark_ahead_of_the_estimate_holds_the_clock() -> Story:
    story = Story().time(time(NOON), "changed time", sent=1000, received=1010)
    story.time(time(NOON + 24), "changed time", sent=1010, received=1030)
    return story.clock(1028, 0, NOON + 24, 7)


def names_of_objects_are_names_like_others() -> Story:
    story = Story().offers(
        offers(0, 5, offer("__proto__"), channel="constructor"), "changed offers constructor"
    )
    return story.freshness(
        freshness(NOON, 9, channel="toString"), "changed freshness lille"
    ).follow("valueOf", expect=("pull offers valueOf",))


SCENARIOS: tuple[Callable[[], Story], ...] = tuple(
    scenario
    for scenario in list(globals().values())
    if getattr(scenario, "__annotations__", {}).get("return") == "Story"
)


def told(scenario: Callable[[], Story]) -> dict[str, Any]:
    """A scenario as the file holds it: its steps, and the state kept at its end."""
    steps = scenario().steps
    state = start()
    for step in steps:
        state, _ = live(state, step)
    kept = trusted_json.trusted_to_json(state)
    return {"name": scenario.__name__, "steps": steps, "kept": kept}


def text() -> str:
    root = {"screen": "lille-1", "root": ROOT.x}
    told_all = [told(scenario) for scenario in SCENARIOS]
    return (
        json.dumps(
            {"start": root, "scenarios": told_all}, ensure_ascii=False, indent=1, sort_keys=True
        )
        + "\n"
    )


if __name__ == "__main__":
    FILE.write_text(text())
