"""The player for who has none yet: a script that installs it, and the package that it installs.

For anybody, as the screens' page is: a computer that is to become a screen has no key yet.
"""

from __future__ import annotations

import shlex

from flask import Blueprint, Response, request

from server.api.requests import asks_from, context, limits
from server.services.screens.package import debian_file, player_package

blueprint = Blueprint("install", __name__)

CACHE_S = 300
"""The package may be another one after an update; the script always says which it wants."""


@blueprint.get("/player/install")
def script() -> Response:
    """The script, which knows this server's address and the package's hash."""
    _count()
    package = player_package()
    server = context().settings.url
    text = debian_file("install.sh").replace("'@SERVER@'", shlex.quote(server))
    for name, value in {
        "@SERVER@": server,
        "@VERSION@": package.version,
        "@SHA256@": package.sha256,
        "@SERVER_KEY@": context().keys.root_x,
    }.items():
        text = text.replace(name, value)
    answer = Response(text, content_type="text/x-shellscript; charset=utf-8")
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@blueprint.get("/player/enseigne-player.deb")
def deb() -> Response:
    """The package, made of this server's own tree."""
    _count()
    package = player_package()
    answer = Response(package.data, content_type="application/vnd.debian.binary-package")
    answer.set_etag(package.sha256)
    answer.headers["Cache-Control"] = f"public, max-age={CACHE_S}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{package.file_name}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.make_conditional(request)
    return answer


def _count() -> None:
    limits().take("install", asks_from(), context().settings.stranger_per_minute)
