"""What sources are written down to have done wrong, in the reader's language: the record keeps one
English sentence, and those that are met every day have their French.
"""

from __future__ import annotations

import re

from server.said import said as raised
from server.services.situation.concerns import Language

_FRENCH = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (
            r"The answer took longer than (\S+) seconds\.",
            "La réponse a pris plus de {0}\u00a0secondes.",
        ),
        (
            r"Its last answer is held whole: a person releases or rejects it\.",
            "Sa dernière réponse est retenue entière\u00a0: une personne la libère ou la refuse.",
        ),
        (r"The mail server answered (\d+)\.", "Le serveur de courrier a répondu {0}."),
        (r"The mail server does not answer\.", "Le serveur de courrier ne répond pas."),
        (
            r"The mail server has no valid certificate\.",
            "Le serveur de courrier n’a pas de certificat valable.",
        ),
        (
            r"The mail server refuses our name or password\.",
            "Le serveur de courrier refuse notre nom ou notre mot de passe.",
        ),
        (r"The mail server refuses this address\.", "Le serveur de courrier refuse cette adresse."),
    )
)


def fault_said(error: str, language: Language) -> str:
    """An error of the record in a language; as it is where nobody has put it in words yet."""
    if language == "fr":
        for pattern, said in _FRENCH:
            found = pattern.fullmatch(error)
            if found:
                return said.format(*found.groups())
    return raised(error, language)
