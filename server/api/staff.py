"""People, where they are signed in, and the audit log: /api/v1/people, /api/v1/audit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.shapes import Id, Ms, Name, PageQuery, Shape
from server.ports import PermanentError, TemporaryError
from server.services.base.paging import Cut
from server.services.entry import accounts, audit_log, browsers
from server.services.entry.accounts import MAX_EMAIL, Person
from server.services.entry.audit_log import Search
from server.services.entry.roles import Role
from server.services.situation import inviting
from server.services.situation.concerns import Language

blueprint = resource("staff")

Stores = Annotated[list[Id], Field(min_length=1, max_length=5_000)]
Region = Annotated[str, Field(min_length=1, max_length=64)]
Regions = Annotated[list[Region], Field(max_length=200)]


class PersonRole(Shape):
    """What a person may do, and the stores where that ends (null: the whole chain); `regions` add
    the stores that lie in them.
    """

    role: Role
    stores: Stores | None = None
    regions: Regions = []


class PersonNew(PersonRole):
    """Someone to invite; `language` is that of the mail to them."""

    name: Name
    language: Language = "fr"
    email: Annotated[str, Field(min_length=3, max_length=MAX_EMAIL)]


class PersonShape(Shape):
    """A person. `joined`: they can come in by themselves; `single`: by single sign-on; `seen_at`:
    last used, give or take minutes; `left_at`: may do nothing since then.
    """

    id: Id
    name: str
    email: str
    role: Role
    stores: list[str] | None
    regions: list[str]
    joined: bool
    has_password: bool
    two_factor: bool
    passkeys: int
    single: bool
    created_at: Ms
    seen_at: Ms | None
    left_at: Ms | None


class PersonInvited(PersonShape):
    """A new person with the one-time link to pass on, shown this once. `mailed`: it went out to
    them too; `mail_fault`: why it did not.
    """

    link: str
    mailed: bool
    mail_fault: str
    expires_at: Ms


class PersonPage(Shape):
    """Some people."""

    items: list[PersonShape]
    next: str


class BrowserShape(Shape):
    """A session; `name` is the browser."""

    name: str
    created_at: Ms
    seen_at: Ms
    expires_at: Ms


class BrowserList(Shape):
    """A person's sessions, the last used first."""

    items: list[BrowserShape]


class AuditQuery(PageQuery):
    """What is looked for; `subject` and `action` begin so."""

    person: Annotated[str, Field(max_length=64)] = ""
    subject: Annotated[str, Field(max_length=200)] = ""
    action: Annotated[str, Field(max_length=64)] = ""
    since: Annotated[Ms | None, Field(description="Not before.")] = None
    until: Annotated[Ms | None, Field(description="Before.")] = None


class AuditLine(Shape):
    """Who changed what, from what, to what."""

    id: int
    at: Ms
    person: str
    name: str
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditPage(Shape):
    """Some lines, the newest first."""

    items: list[AuditLine]
    next: str


@blueprint.get("/people")
@operation("people", PersonPage, query=PageQuery)
def list_people(call: Call, query: PageQuery) -> Done:
    """List the people whose rights end within your stores."""
    page = accounts.list_people(call.ctx, call.actor, Cut(query.after, query.limit))
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/people")
@operation("people", PersonInvited, status=201, body=PersonNew, errors=(404, 409))
def invite_person(call: Call, body: PersonNew) -> Done:
    """Invite someone.

    No Idempotency-Key is honoured here: the link is kept nowhere, so no answer can be given again.
    """
    invited = accounts.invite(
        call.ctx, call.actor, body.name, body.email, body.role, body.stores, body.regions
    )
    mailed, fault = False, ""
    try:
        mailed = inviting.send(call.ctx, call.actor, invited, body.language)
    except (TemporaryError, PermanentError) as wrong:
        fault = str(wrong)
    shown = {**_body(invited.person), "link": invited.link, "expires_at": invited.expires_at}
    shown |= {"mailed": mailed, "mail_fault": fault}
    return Done(shown, location=located("people", invited.person.id))


@blueprint.get("/people/<person_id>")
@operation("people", PersonShape, errors=(404,))
def get_person(call: Call, person_id: str) -> Done:
    """One person."""
    return Done(_body(accounts.get_person(call.ctx, call.actor, person_id)))


@blueprint.patch("/people/<person_id>")
@operation("people", PersonShape, body=PersonRole, errors=(404, 409))
def change_person(call: Call, person_id: str, body: PersonRole) -> Done:
    """Give a person a role and stores; tokens of theirs that may do more stop at once."""
    person = accounts.change(call.ctx, call.actor, person_id, body.role, body.stores, body.regions)
    return Done(_body(person))


@blueprint.delete("/people/<person_id>")
@operation("people", status=204, errors=(404, 409))
def dismiss_person(call: Call, person_id: str) -> Done:
    """Let a person go: sessions, links and tokens stop at once."""
    accounts.dismiss(call.ctx, call.actor, person_id)
    return NOTHING


@blueprint.get("/people/<person_id>/sessions")
@operation("people", BrowserList, errors=(404,))
def list_sessions(call: Call, person_id: str) -> Done:
    """Where a person is signed in."""
    found = browsers.list_of(call.ctx, call.actor, person_id)
    kept = ("name", "created_at", "seen_at", "expires_at")
    return Done({"items": [{key: getattr(one, key) for key in kept} for one in found]})


@blueprint.delete("/people/<person_id>/sessions")
@operation("people", status=204, errors=(404,))
def end_sessions(call: Call, person_id: str) -> Done:
    """End all of a person's sessions."""
    browsers.end_all_of(call.ctx, call.actor, person_id)
    return NOTHING


@blueprint.get("/audit")
@operation("audit", AuditPage, query=AuditQuery)
def list_audit(call: Call, query: AuditQuery) -> Done:
    """Search the audit log, the newest first; for the whole chain only."""
    wanted = Search(query.person, query.subject, query.action, query.since, query.until)
    page = audit_log.search(call.ctx, call.actor, wanted, Cut(query.after, query.limit))
    return Done({"items": [asdict(one) for one in page.items], "next": page.next})


def _body(person: Person) -> dict[str, Any]:
    stores = None if person.stores is None else list(person.stores)
    return {**asdict(person), "stores": stores, "regions": list(person.regions)}
