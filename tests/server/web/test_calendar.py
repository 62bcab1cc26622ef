"""The calendar: bands, clashes and ways out; planning by form; what is refused beside its field."""

from __future__ import annotations

import io
import json
import re
from html import unescape

import pytest
import responses
from icalendar import Calendar
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from server.db.models import ActorRow, AuditRow, StoreRow
from server.services.base.actors import SYSTEM
from server.services.calendar import events
from server.services.drafting import drafts, releases
from server.services.wishes import content
from tests.server.web.conftest import Chain, Reader, plain


def send(reader: Reader, path: str, form: MultiDict[str, str] | dict[str, str]) -> TestResponse:
    """A form of a page; a field may stand in it more than once."""
    return reader.send(path, **MultiDict(form).to_dict(flat=False))


def test_bands_holidays_and_conditions(calm: Chain) -> None:
    words = plain(calm.owner().text("/calendar"))
    assert "5 October to 8 November" in words
    assert "All Saints" in words
    assert "Il pleut à Lille When it is raining in the store’s town" in words
    assert "Always on when nothing else fits Fond de rayon all stores" in words
    assert "1 October to 31 October" not in words
    assert "October" in plain(calm.owner().text("/calendar?view=month&at=2026-10-15"))
    assert "31 December" in plain(calm.owner().text("/calendar?view=quarter"))
    assert calm.owner().get("/calendar?at=99999&view=x").status_code == 200


def test_a_clash_is_settled_in_drafts_that_are_rehearsed_and_put_on_air(chain: Chain) -> None:
    reader = chain.owner()
    page = reader.text("/calendar")
    assert "One clash in five weeks. Oversold from 17 October" in plain(page)
    assert "asks for 60 % of every round gets 50 %: 12 h of 24 h" in plain(page)
    assert "20 % over" in plain(page)
    clash = unescape(re.findall(r'name="clash" value="([^"]+)"', page)[0])
    done = send(reader, "/calendar/settle", {"clash": clash, "way": "evenly"})
    assert done.status_code == 303
    after = plain(reader.text(done.location))
    assert "No clash in five weeks." in after
    assert "have drafts now. No screen changes before they are put on air." in after
    assert content.get_campaign(chain.ctx, SYSTEM, "estran").value.share == 6_000
    both = MultiDict([("draft", "campaign:estran"), ("draft", "campaign:outdoors")])
    offered = re.findall(r'name="draft" value="([^"]+)"', reader.text(done.location))
    assert sorted(offered) == both.getlist("draft")
    rehearsed = send(reader, "/rehearse", both).location
    assert content.get_campaign(chain.ctx, SYSTEM, "outdoors").value.share == 6_000
    assert send(reader, f"{rehearsed}/publish", {"where": "all"}).status_code == 303
    assert content.get_campaign(chain.ctx, SYSTEM, "outdoors").value.share == 5_000
    assert send(reader, "/calendar/settle", {"clash": clash, "way": "evenly"}).status_code == 404


def test_a_campaign_is_planned_by_form_undone_thrown_away_and_taken_out(chain: Chain) -> None:
    reader = chain.owner()
    form = MultiDict(
        {
            "name": "Samedis ❄ שלום",
            "playlist": "sale",
            "first": "2026-10-20",
            "last": "24/12/2026",
            "repeat": "nth",
            "nth": "1",
            "nthday": "5",
            "exceptions": "2026-12-05",
            "share": "25",
            "add": "colder",
            "add_n": "8",
        }
    )
    form.setlist("tag", ["window"])
    made = send(reader, "/calendar/new", form)
    assert made.status_code == 303, plain(made.text)
    name = made.location.rsplit("/", 1)[1]
    body = drafts.read(chain.ctx, SYSTEM, "campaign", name).body
    assert body["schedule"]["end"] == "2026-12-25"
    assert body["schedule"]["recurrences"][0]["rule"].startswith("FREQ=MONTHLY;BYDAY=1SA")
    assert body["schedule"]["recurrences"][0]["exdates"] == ["2026-12-05"]
    words = plain(reader.text(made.location))
    assert "When it is colder than 8°" in words
    assert "A draft: no screen shows it yet." in words
    send(reader, made.location, {**body_form(chain, name), "share": "30"})
    assert drafts.read(chain.ctx, SYSTEM, "campaign", name).body["share"] == 3_000
    assert send(reader, f"{made.location}/undo", {}).status_code == 303
    assert drafts.read(chain.ctx, SYSTEM, "campaign", name).body["share"] == 2_500
    releases.put_on_air(chain.ctx, SYSTEM, "campaign", made.location.rsplit("/", 1)[1])
    assert content.get_campaign(chain.ctx, SYSTEM, name).value.share == 2_500
    assert send(reader, f"{made.location}/throw", {}).status_code == 303
    assert "Samedis ❄" in plain(reader.text("/calendar/bin"))
    assert send(reader, f"/calendar/bin/{name}/take-out", {}).status_code == 303
    assert "Samedis ❄ שלום" in plain(reader.text("/calendar"))


def body_form(chain: Chain, name: str) -> dict[str, str]:
    """The fields of a plain form, and what the draft said when it was made."""
    draft = drafts.read(chain.ctx, SYSTEM, "campaign", name)
    return {
        "name": draft.body["name"],
        "playlist": draft.body["playlist"],
        "was": json.dumps(dict(draft.body)),
        "tag": "window",
        "repeat": "keep",
        "first": "2026-10-20",
        "last": "2026-12-24",
        "clause": "0",
    }


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(chain: Chain) -> None:
    reader = chain.owner()
    wrong = MultiDict(
        {
            "name": "Trop",
            "playlist": "sale",
            "first": "2026-10-20",
            "last": "2026-10-01",
            "share": "120",
            "exceptions": "tomorrow",
            "priority": "many",
            "around": "lille",
        }
    )
    refused = send(reader, "/calendar/new", wrong)
    assert refused.status_code == 422
    words = plain(refused.text)
    assert "The last day comes after the first." in words
    assert "A share is more than 0 and at most 100 % of every round." in words
    assert "Say how far around" in words
    assert "A whole number from" in words
    assert "Write dates such as 2026-10-31" in words
    for kept in ('value="2026-10-01"', 'value="120"', 'value="tomorrow"', 'value="many"'):
        assert kept in refused.text
    nameless = send(reader, "/calendar/new", {"name": "x" * 10_000, "playlist": "sale"})
    assert "Give it a name of 1 to 200 characters, on one line." in plain(nameless.text)


def test_a_target_without_screens_is_told_before_it_goes_on_air(chain: Chain) -> None:
    reader = chain.owner()
    nobody = MultiDict({"name": "Personne", "playlist": "sale", "share": "10"})
    nobody.setlist("tag", ["window"])
    nobody.setlist("not", ["window"])
    made = send(reader, "/calendar/new", nobody)
    assert "This target hits no screen" in plain(reader.text(made.location))
    assert "hits no screen" in plain(reader.text("/calendar"))
    checked = send(reader, "/calendar/new", MultiDict([*nobody.items(), ("check", "1")]))
    assert "Not kept yet." in plain(checked.text)


def test_a_store_that_moves_to_another_time_zone_keeps_its_hours(chain: Chain) -> None:
    form = MultiDict(
        {
            "name": "Matin",
            "playlist": "sale",
            "share": "10",
            "from0": "clock",
            "from0at": "9:00",
            "to0": "clock",
        }
    )
    form["to0at"] = "12:00"
    form.setlist("store", ["lille", "prado"])
    reader = chain.owner()
    made = send(reader, "/calendar/new", form)
    words = plain(reader.text(made.location))
    assert "Between 9:00 and 12:00." in words
    assert "On 25 October the clocks of Paris go back: that day is 60 minutes longer" in words
    releases.put_on_air(chain.ctx, SYSTEM, "campaign", made.location.rsplit("/", 1)[1])
    with chain.ctx.db.write() as session:
        prado = session.get_one(StoreRow, "prado")
        prado.zone, prado.version = "America/Martinique", prado.version + 1
    moved = plain(reader.text(made.location))
    assert "Times are each store’s own: Martinique, Paris." in moved
    assert "Between 9:00 and 12:00." in moved


def test_someone_elses_change_is_not_overwritten(chain: Chain) -> None:
    reader = chain.owner()
    made = send(reader, "/calendar/new", {"name": "À deux", "playlist": "sale", "share": "10"})
    name = made.location.rsplit("/", 1)[1]
    old = body_form(chain, name)
    theirs = {"op": "set", "path": "share", "value": 4_000}
    drafts.edit(chain.ctx, SYSTEM, "campaign", name, [theirs])
    mine = send(reader, made.location, {**old, "name": "À trois", "share": "20"})
    assert mine.status_code == 422
    assert "Someone changed this in the meantime" in plain(mine.text)
    body = drafts.read(chain.ctx, SYSTEM, "campaign", name).body
    assert (body["name"], body["share"]) == ("À trois", 4_000)


def test_other_programs_read_it_as_icalendar(chain: Chain) -> None:
    answer = chain.owner().get("/calendar.ics")
    assert answer.mimetype == "text/calendar"
    events = {str(e["summary"]): e for e in Calendar.from_ical(answer.data).walk("VEVENT")}
    assert events["Estran 28 à la une"]["dtstart"].dt.isoformat() == "2026-10-08"
    assert events["Estran 28 à la une"]["dtend"].dt.isoformat() == "2026-10-25"


def test_a_secret_address_is_read_again_and_again_until_it_ends(chain: Chain) -> None:
    owner, nobody = chain.owner(), chain.browser()
    made = send(owner, "/calendar/feed", {})
    path = re.findall(r"/calendar/feed/[\w-]+\.ics", made.text)[0]
    first = nobody.get(path)
    assert first.mimetype == "text/calendar"
    assert b"Les prix d\xe2\x80\x99automne" in first.data
    again = nobody.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert path not in owner.text("/calendar/feed"), "shown once"
    newer = re.findall(r"/calendar/feed/[\w-]+\.ics", send(owner, "/calendar/feed", {}).text)[0]
    assert nobody.get(path).status_code == 401
    assert nobody.get(newer).status_code == 200
    assert send(owner, "/calendar/feed/revoke", {}).status_code == 303
    assert nobody.get(newer).status_code == 401
    with chain.ctx.db.read() as session:
        acts = [row.action for row in session.query(AuditRow).order_by(AuditRow.id)]
    assert [act for act in acts if "feed" in act] == [
        "calendar_feed.make",
        "calendar_feed.make",
        "calendar_feed.revoke",
    ]


def test_an_address_ends_at_its_owners_stores_and_with_their_leave(chain: Chain) -> None:
    manager = chain.manager("lille", "read", "content")
    made = send(manager, "/calendar/feed", {})
    path = re.findall(r"/calendar/feed/[\w-]+\.ics", made.text)[0]
    read = chain.browser().get(path).data.decode()
    assert "Il pleut à Lille" in read
    assert "Il pleut à Marseille" not in read
    with chain.ctx.db.write() as session:
        session.get_one(ActorRow, "manager-lille-2").scopes = ["read"]
    assert chain.browser().get(path).status_code == 404


@responses.activate
def test_a_calendar_at_an_address_says_when_it_was_read_and_what_failed(chain: Chain) -> None:
    url = "https://fair.example/b.ics"
    responses.get(url, body=FAIR, content_type="text/calendar")
    reader = chain.owner()
    assert send(reader, "/calendar/events", {"name": "Zone B", "url": url}).status_code == 303
    assert "read from fair.example just now" in plain(reader.text("/calendar/events"))
    chain.clock.advance(25 * 3_600_000)
    responses.replace(responses.GET, url, body="<html>Sign in", content_type="text/html")
    events.read_again(chain.ctx)
    words = plain(reader.text("/calendar/events"))
    assert "read from fair.example 1 d ago" in words
    assert "It cannot be read for 1 min: " in words
    assert "its days stay" in words
    reader.language = "fr"
    said = plain(reader.text("/situation"))
    assert "Le calendrier « Zone B » n’a plus été lu depuis" in said
    assert "Ses jours restent ceux d’alors." in said


def test_who_may_not_plan_does_not_enter(calm: Chain) -> None:
    for path in ("/calendar", "/calendar/new", "/calendar.ics", "/calendar/campaigns/sale"):
        assert calm.manager("lille", "read").get(path).status_code == 403
    own = plain(calm.manager("lille", "read", "content").text("/calendar"))
    assert "Il pleut à Lille" in own
    assert "Il pleut à Marseille" not in own
    assert calm.manager("lille", "read", "content").get(
        "/calendar/campaigns/rain-marseille"
    ).status_code in (403, 404)


FAIR = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//\r
BEGIN:VEVENT\r
UID:fair\r
DTSTART;VALUE=DATE:20261017\r
DTEND;VALUE=DATE:20261102\r
SUMMARY:Vacances de la Toussaint\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:market\r
DTSTART;TZID=Europe/Paris:20261007T080000\r
DTEND;TZID=Europe/Paris:20261007T130000\r
RRULE:FREQ=WEEKLY;COUNT=3\r
SUMMARY:Braderie <b>\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:bomb\r
DTSTART:20261001T000000Z\r
RRULE:FREQ=SECONDLY\r
SUMMARY:Bomb\r
END:VEVENT\r
END:VCALENDAR\r
"""


def upload(reader: Reader, data: bytes, name: str = "Lille") -> TestResponse:
    """A calendar's file, as the page sends it."""
    word = re.search(r'data-csrf="([^"]+)"', reader.text("/calendar"))
    assert word
    form = {"csrf": word[1], "name": name, "file": (io.BytesIO(data), "lille.ics")}
    headers = {"Accept-Language": reader.language}
    return reader.client.post("/calendar/events", data=form, headers=headers)


def test_a_calendar_is_taken_in_drawn_and_left_out(chain: Chain) -> None:
    reader = chain.owner()
    assert upload(reader, FAIR).status_code == 303
    assert "Lille 4 events" in plain(reader.text("/calendar/events"))
    shown = reader.text("/calendar")
    assert "Vacances de la Toussaint" in plain(shown)
    assert "Braderie <b>" not in shown
    assert shown.count("Braderie") == 3
    form = {"name": "Sans", "playlist": "sale", "first": "2026-10-05", "last": "2026-10-20"}
    made = send(reader, "/calendar/new", {**form, "share": "10", "except_of": "Lille"})
    name = made.location.rsplit("/", 1)[1]
    rule = drafts.read(chain.ctx, SYSTEM, "campaign", name).body["schedule"]["recurrences"][0]
    days = ["07", "14", "17", "18", "19", "20"]
    assert rule["exdates"] == [f"2026-10-{day}" for day in days]
    assert upload(reader, FAIR).status_code == 303
    assert "Lille 4 events" in plain(reader.text("/calendar/events"))
    assert send(reader, "/calendar/events/forget", {"name": "Lille"}).status_code == 303
    assert "Toussaint" not in plain(reader.text("/calendar"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89PNG not a calendar", "no iCalendar file that can be read"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "It has no event"),
        (b"BEGIN:VCALENDAR\r\n" + b"X-PAD:" + b"x" * 2_100_000, "It is too large"),
        (b"BEGIN:VCALENDAR\r\n" + b"X-PAD:" + b"x" * 5_000_000, "It is too large"),
        (b"<!doctype html><title>Sign in</title>", "This is a web page, not a calendar."),
    ],
)
def test_a_bad_calendar_is_told_beside_the_file(calm: Chain, data: bytes, said: str) -> None:
    refused = upload(calm.owner(), data)
    assert refused.status_code in (413, 422)
    assert said in plain(refused.text)
    assert 'value="Lille"' in refused.text or len(data) > 3_000_000
