"""People are invited, may do what their role says, are changed and let go; on both databases."""

from __future__ import annotations

import pytest

from server.errors import BadInput, Conflict, Forbidden, NotFound, Unauthenticated
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.entry import accounts, browsers, ended, passwords, people, signing_in, tokens
from server.services.entry.audit_log import Search, export, search
from server.services.entry.roles import ROLES
from tests.server.services.entry.crew import OTHER, PASSWORD, crew, secret_of
from tests.support.record import TestClock


def test_a_link_to_join_works_once_and_gives_the_role(any_ctx: Context) -> None:
    here = crew(any_ctx)
    invited = here.invite("Awa", "manager", "lille")
    assert not invited.person.joined
    assert signing_in.who_joins(any_ctx, secret_of(invited)).email == "awa@pluvier.example"
    came = signing_in.join(any_ctx, secret_of(invited), PASSWORD, "Firefox")
    awa = people.actor_of_session(any_ctx, came.secret)
    assert (awa.scopes, awa.stores) == (ROLES["manager"], {"lille"})
    with pytest.raises(Unauthenticated, match="used already"):
        signing_in.join(any_ctx, secret_of(invited), PASSWORD, "")
    assert people.actor_of_session(any_ctx, here.sign_in("AWA").secret).id == awa.id
    assert here.person(awa).joined


def test_a_link_to_join_ends_after_a_week_and_a_new_one_stops_the_old(
    any_ctx: Context, clock: TestClock
) -> None:
    here = crew(any_ctx)
    old = here.invite("Awa", "viewer")
    new = accounts.invite_again(any_ctx, here.owner, old.person.id)
    with pytest.raises(Unauthenticated):
        signing_in.join(any_ctx, secret_of(old), PASSWORD, "")
    clock.advance(7 * 24 * 3_600_000)
    with pytest.raises(Unauthenticated):
        signing_in.join(any_ctx, secret_of(new), PASSWORD, "")


def test_a_wrong_password_and_an_unknown_address_sound_alike(any_ctx: Context) -> None:
    here = crew(any_ctx)
    here.join("Awa", "viewer")
    here.invite("Luc", "viewer")
    said = set()
    for name in ("awa", "luc", "nobody"):
        with pytest.raises(Unauthenticated) as refused:
            here.sign_in(name, OTHER)
        said.add(refused.value.message)
    assert len(said) == 1


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "short"),
        ("x" * 129, "long"),
        ("password1234", "common"),
        ("azertyuiop123", "common"),
        ("aaaaaaaaaaaaaaaa", "common"),
        ("Ines marche la nuit", "name"),
        ("vive pluvier demain", "name"),
    ],
)
def test_passwords_that_are_guessed_first_are_refused(password: str, why: str) -> None:
    with pytest.raises(BadInput) as refused:
        passwords.check(password, "Inès Ines", "ines@pluvier.example")
    assert (refused.value.code, refused.value.field) == (f"password_{why}", "password")


def test_letters_typed_in_two_ways_are_one_password() -> None:
    kept = passwords.hashed("forêt d’automne")
    assert kept.startswith("$argon2id$")
    assert passwords.fits(kept, "fore\u0302t d’automne")
    assert not passwords.fits(kept, "foret d’automne")
    assert not passwords.fits("", "")


def test_a_new_password_ends_the_other_sessions(any_ctx: Context) -> None:
    here = crew(any_ctx)
    awa = here.join("Awa", "viewer")
    other = here.sign_in("awa")
    with pytest.raises(BadInput, match="not your password"):
        signing_in.set_password(any_ctx, awa.id, awa.under, OTHER, OTHER)
    signing_in.set_password(any_ctx, awa.id, awa.under, PASSWORD, OTHER)
    assert people.actor_under(any_ctx, awa.under) == awa
    with pytest.raises(Unauthenticated):
        people.actor_of_session(any_ctx, other.secret)
    with pytest.raises(Unauthenticated):
        here.sign_in("awa")
    here.sign_in("awa", OTHER)


def test_each_session_is_ended_by_itself_and_the_door_is_told(any_ctx: Context) -> None:
    here = crew(any_ctx)
    awa = here.join("Awa", "viewer")
    second = people.actor_of_session(any_ctx, here.sign_in("awa").secret)
    shown = browsers.list_own(any_ctx, second)
    assert [one.current for one in shown] == [True, False]
    with pytest.raises(NotFound):
        browsers.end_own(any_ctx, here.owner, awa.under)
    browsers.end_own(any_ctx, second, awa.under)
    with pytest.raises(Unauthenticated):
        people.actor_under(any_ctx, awa.under)
    with any_ctx.db.read() as session:
        assert ended.hashes(session) == [awa.under]
    browsers.end_of(any_ctx, here.owner, awa.id, second.under)
    assert browsers.list_of(any_ctx, here.owner, awa.id) == []


def test_who_is_let_go_is_out_with_all_their_tokens_and_comes_back_by_a_link(
    any_ctx: Context,
) -> None:
    here = crew(any_ctx)
    luc = here.join("Luc", "owner")
    token = people.create_token(any_ctx, luc, "till", ["read", "people"])
    child = people.create_token(
        any_ctx, people.actor_of_token(any_ctx, token.secret), "printer", ["read"]
    )
    accounts.dismiss(any_ctx, here.owner, luc.id)
    for made in (token, child):
        with pytest.raises(Unauthenticated):
            people.actor_of_token(any_ctx, made.secret)
    with pytest.raises(Unauthenticated):
        people.actor_under(any_ctx, luc.under)
    with pytest.raises(Unauthenticated):
        here.sign_in("luc")
    signing_in.join(
        any_ctx, secret_of(accounts.invite_again(any_ctx, here.owner, luc.id)), OTHER, ""
    )
    here.sign_in("luc", OTHER)


def test_fewer_rights_count_at_once_and_stop_tokens_beyond_them(any_ctx: Context) -> None:
    here = crew(any_ctx)
    luc = here.join("Luc", "owner")
    wide = people.create_token(any_ctx, luc, "wide", ["content"])
    narrow = people.create_token(any_ctx, luc, "narrow", ["read"], ["lille"])
    accounts.change(any_ctx, here.owner, luc.id, "manager", ["lille"])
    with pytest.raises(Unauthenticated):
        people.actor_under(any_ctx, luc.under)
    with any_ctx.db.read() as session:
        now = tokens.actor(session, luc.id)
        assert luc.under in ended.hashes(session)
    assert (now.scopes, now.stores) == (ROLES["manager"], {"lille"})
    with pytest.raises(Unauthenticated):
        people.actor_of_token(any_ctx, wide.secret)
    people.actor_of_token(any_ctx, narrow.secret)


def test_an_owner_stays(any_ctx: Context) -> None:
    here = crew(any_ctx)
    for attempt in (
        lambda: accounts.dismiss(any_ctx, here.owner, here.owner.id),
        lambda: accounts.change(any_ctx, here.owner, here.owner.id, "viewer", None),
    ):
        with pytest.raises(Conflict, match="last owner"):
            attempt()
    here.join("Luc", "owner")
    accounts.change(any_ctx, here.owner, here.owner.id, "viewer", None)


def test_what_is_refused_of_an_invitation(any_ctx: Context) -> None:
    here = crew(any_ctx)
    here.invite("Awa", "viewer")
    with pytest.raises(Conflict) as taken:
        accounts.invite(any_ctx, here.owner, "Awa 2", " AWA@pluvier.example ", "viewer")
    assert taken.value.field == "email"
    for email in ("", "awa", "@x", "a b@x", "x" * 250 + "@x.fr"):
        with pytest.raises(BadInput, match="email"):
            accounts.invite(any_ctx, here.owner, "Luc", email, "viewer")
    for role, stores in (("boss", None), ("owner", ["lille"]), ("manager", None), ("viewer", [])):
        with pytest.raises(BadInput):
            accounts.invite(any_ctx, here.owner, "Luc", "luc@x.fr", role, stores)
    with pytest.raises(NotFound, match="moon"):
        accounts.invite(any_ctx, here.owner, "Luc", "luc@x.fr", "viewer", ["moon"])


def test_a_program_that_looks_after_people_reaches_nobody_above_it(any_ctx: Context) -> None:
    here = crew(any_ctx)
    viewer = here.join("Awa", "viewer", "lille")
    helper = Actor("h", "Helper", frozenset({"people", "read"}), frozenset({"lille"}))
    seen = accounts.list_people(any_ctx, helper).items
    assert [one.id for one in seen] == [viewer.id]
    wide = Actor("h", "Helper", frozenset({"people", "read"}))
    for attempt in (
        lambda: accounts.invite_again(any_ctx, wide, here.owner.id),
        lambda: accounts.change(any_ctx, wide, viewer.id, "marketing", None),
        lambda: accounts.dismiss(any_ctx, wide, here.owner.id),
        lambda: accounts.invite(any_ctx, helper, "Luc", "luc@x.fr", "viewer"),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert wide.scopes < ALL_SCOPES


def test_the_audit_log_is_searched_and_exported(any_ctx: Context, clock: TestClock) -> None:
    here = crew(any_ctx)
    clock.advance(1_000)
    awa = here.join("Awa", "manager", "lille")
    accounts.change(any_ctx, here.owner, awa.id, "manager", ["prado"])
    found = search(any_ctx, here.owner, Search(subject=f"actor:{awa.id}", action="people.change"))
    assert [(one.name, one.before, one.after) for one in found.items] == [
        (
            "Owner",
            {"role": "manager", "stores": ["lille"]},
            {"role": "manager", "stores": ["prado"]},
        )
    ]
    everything = list(export(any_ctx, here.owner, Search()))
    assert [one.id for one in everything] == sorted((one.id for one in everything), reverse=True)
    later = search(any_ctx, here.owner, Search(person=awa.id, since=clock())).items
    assert [one.action for one in later] == ["people.sign_in"]
    assert not search(any_ctx, here.owner, Search(person=awa.id, until=clock())).items
    with pytest.raises(Forbidden):
        search(any_ctx, awa, Search())
    with pytest.raises(Forbidden):
        export(any_ctx, awa, Search())


def test_rights_at_a_region_are_those_of_its_stores_at_the_time(any_ctx: Context) -> None:
    here = crew(any_ctx)
    for store, region in (("roubaix", "nord"), ("toulon", "sud")):
        wish = StoreWish(store.title(), "Europe/Paris", regions=frozenset({region}))
        places.create_store(any_ctx, SYSTEM, wish, store)
    made = accounts.invite(
        any_ctx, here.owner, "Nora", "nora@pluvier.example", "marketing", [], ["nord"]
    )
    assert made.person.regions == ("nord",)

    def stores() -> frozenset[str] | None:
        with any_ctx.db.read() as session:
            return tokens.actor(session, made.person.id).stores

    assert stores() == {"roubaix"}
    wish = StoreWish("Toulon", "Europe/Paris", regions=frozenset({"nord"}))
    places.update_store(any_ctx, SYSTEM, "toulon", wish)
    assert stores() == {"roubaix", "toulon"}
    with pytest.raises(NotFound):
        accounts.change(any_ctx, here.owner, made.person.id, "marketing", [], ["atlantide"])
    local = Actor("h", "Helper", ALL_SCOPES, frozenset({"roubaix"}))
    with pytest.raises(NotFound):
        accounts.get_person(any_ctx, local, made.person.id)
    with pytest.raises(NotFound):
        accounts.invite(any_ctx, local, "Bo", "bo@x.example", "marketing", ["roubaix"], ["nord"])
