"""Sends an invitation's link to whom it is for, where the settings name a mail server."""

from __future__ import annotations

from playlists.ids import sha256
from server.ports import PermanentError, TemporaryError
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.entry.accounts import Invited
from server.services.situation import posting
from server.services.situation.concerns import Language
from server.services.situation.messages import Words

_SUBJECT = {
    "fr": "{by} vous invite sur Enseigne",
    "en": "{by} invites you to Enseigne",
}
_TEXT = {
    "fr": (
        "Bonjour {name},\n\n{by} vous donne accès aux écrans des magasins. Suivez ce lien pour "
        "choisir comment vous entrez :\n\n{link}\n\nIl sert une fois, pendant sept jours. Si vous "
        "n’attendiez pas ce message, ignorez-le.\n"
    ),
    "en": (
        "Hello {name},\n\n{by} lets you in to the screens of the stores. Follow this link to "
        "choose how you come in:\n\n{link}\n\nIt works once, for seven days. If you did not "
        "expect this message, leave it.\n"
    ),
}


def send(ctx: Context, actor: Actor, invited: Invited, language: Language) -> bool:
    """Mail the link, if there is a mail server and an address; whether it was taken on. Raises
    TemporaryError or PermanentError in words for people: the link is good all the same.
    """
    person, settings, now = invited.person, ctx.settings, ctx.clock()
    if not settings.smtp_host or not person.email:
        return False
    parts = {"by": actor.name, "name": person.name, "link": invited.link}
    said = Words(_SUBJECT[language].format(**parts), _TEXT[language].format(**parts))
    key, fault = sha256(invited.link.encode())[:32], ""
    try:
        posting.mail(settings, person.email, language, key, said, now)
    except (TemporaryError, PermanentError) as wrong:
        fault = str(wrong)
        raise
    finally:
        after = {"email": person.email, "fault": fault}
        with ctx.db.write() as session:
            audit.record(session, actor, now, "people.mail", f"actor:{person.id}", None, after)
    return True
