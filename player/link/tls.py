"""TLS for a device whose clock may be wrong: everything of a certificate is checked but its dates.

The time is only learned through the connection, so dates cannot be judged before; every message is
signed besides. Once the wall clock is known to be right, dates are checked like the rest.
"""

from __future__ import annotations

import ssl

import requests

from player.link.bounded import bounded_session

NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's X509_VERIFY_PARAM_set_flags; Python has no name for it."""


def tls_context(ca: str, *, dates: bool) -> ssl.SSLContext:
    """A client's context that believes `ca`: a PEM file, or "" for the system's."""
    context = ssl.create_default_context(cafile=ca or None)
    if not dates:
        context.verify_flags = ssl.VerifyFlags(context.verify_flags | NO_CHECK_TIME)
    return context


def http_session(ca: str, *, dates: bool) -> requests.Session:
    """A requests session over such a context, whose answers have an end."""
    context = tls_context(ca, dates=dates)
    # urllib3 compares the names itself, and an old one, where the name is an address, only so.
    context.check_hostname = False
    session = bounded_session(context)
    if ca:
        session.verify = ca
    return session
