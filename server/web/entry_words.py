"""Words about people: their roles, their browsers, how long ago, and what was wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from server.errors import ServerError
from server.services.entry.roles import ROLES
from server.web.clock import MINUTE_MS, length
from server.web.tongue import said

ROLE_NAMES: Mapping[str, object] = {
    "owner": lazy_gettext("Owner"),
    "it": lazy_gettext("IT"),
    "marketing": lazy_gettext("Marketing"),
    "manager": lazy_gettext("Store manager"),
    "viewer": lazy_gettext("Viewer"),
}
ROLE_DOES: Mapping[str, object] = {
    "owner": lazy_gettext("may do everything, and looks after people"),
    "it": lazy_gettext("connects shops and looks after screens and stores"),
    "marketing": lazy_gettext("makes what the screens show"),
    "manager": lazy_gettext("steps in on the screens of their stores"),
    "viewer": lazy_gettext("looks and changes nothing"),
}
COMPLAINTS: Mapping[str, object] = {
    "password_short": lazy_gettext("A password has 12 characters at least."),
    "password_long": lazy_gettext("A password has 128 characters at most."),
    "password_name": lazy_gettext("Leave your name and your address out of the password."),
    "password_common": lazy_gettext(
        "This is among the first that are guessed. Take several words."
    ),
    "wrong_password": lazy_gettext("This is not your password."),
    "wrong_sign_in": lazy_gettext("The address or the password is wrong."),
    "wrong_code": lazy_gettext("This code is wrong, or was used. Wait for the app’s next one."),
    "waited_too_long": lazy_gettext("That took too long. Begin again."),
    "no_email": lazy_gettext("Write your email address first: you sign in with it."),
    "bad_email": lazy_gettext("Write an email address, such as ines@example.org."),
    "email_taken": lazy_gettext("Someone has this address already."),
    "last_owner": lazy_gettext("This is the last owner. Make someone else an owner first."),
    "no_stores": lazy_gettext("Choose one store at least."),
    "owner_stores": lazy_gettext("An owner’s rights end at no store."),
    "above_you": lazy_gettext("This person may do more than you. Ask an owner."),
    "unknown_passkey": lazy_gettext("This passkey is not known here."),
    "bad_passkey": lazy_gettext("The device’s answer does not fit. Try again."),
    "sso_off": lazy_gettext("Single sign-on is not set up here."),
    "sso_away": lazy_gettext(
        "The sign-in service does not answer. Try again in a minute, or come in another way."
    ),
    "sso_unfit": lazy_gettext(
        "The sign-in service’s answer does not hold. Begin again, or tell whoever runs this server."
    ),
    "sso_denied": lazy_gettext(
        "You did not sign in at the sign-in service, or were not let in there."
    ),
    "sso_email": lazy_gettext(
        "Your email address is not confirmed at the sign-in service. Confirm it there, "
        "then come back."
    ),
    "sso_taken": lazy_gettext("Your address belongs to someone else here. Ask an owner."),
    "sso_left": lazy_gettext("You are no longer among the people here. Ask an owner."),
    "sso_unknown": lazy_gettext("Nobody has invited you here yet. Ask an owner for it."),
    "sso_no_role": lazy_gettext(
        "The sign-in service gives you nothing to do here. Ask whoever looks after it."
    ),
    "sso_no_stores": lazy_gettext(
        "The sign-in service names no store for you. Ask whoever looks after it."
    ),
    "not_fresh": lazy_gettext(
        "You signed in here over an hour ago. Sign in again to change how you come in."
    ),
}
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role as it is chosen."""

    name: str
    title: object
    does: object


def role_choices() -> list[RoleChoice]:
    """All roles, the most powerful first."""
    return [RoleChoice(name, ROLE_NAMES[name], ROLE_DOES[name]) for name in ROLES]


def complaint(error: ServerError) -> str:
    """What was wrong, in the reader's language where we have it."""
    return str(COMPLAINTS.get(error.code, said(error.message)))


def role_sentence(role: str, stores: Sequence[str] | None) -> str:
    """`Store manager of Lille and Prado.` `stores`: their names, None for the chain."""
    title = str(ROLE_NAMES[role])
    if stores is None:
        return str(_("%(role)s, for the whole chain", role=title))
    return str(_("%(role)s, for %(stores)s", role=title, stores=", ".join(stores)))


def ago(then_ms: int | None, now_ms: int) -> str:
    """`6 min ago`."""
    if then_ms is None:
        return str(_("never"))
    if now_ms - then_ms < 10 * MINUTE_MS:
        return str(_("just now"))
    return str(_("%(time)s ago", time=length(now_ms - then_ms)))


def browser_name(agent: str) -> str:
    """A browser as its owner knows it again: `Firefox, Linux`; "" where it says nothing known."""
    found = [
        next((name for word, name in table if word in agent), "") for table in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(word for word in found if word)
