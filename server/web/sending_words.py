"""What a page says of files on their way."""

from __future__ import annotations

from server.web.tongue import gettext as _


def sending_words() -> dict[str, str]:
    """The sentences of `sending.js`, by their names there."""
    return {
        "waits": _("Waits its turn"),
        "sends": _("%(part)s of %(whole)s", part="{part}", whole="{whole}"),
        "looks": _("Looking at it"),
        "here": _("It is here"),
        "broken": _("The line is down. It goes on by itself, from %(part)s.", part="{part}"),
        "out": _(
            "You are signed out. Sign in in another tab, then press “Go on”: nothing is lost."
        ),
        "failed": _("It did not arrive. Press “Go on”, or choose it again."),
        "on": _("Go on"),
        "stop": _("Leave it out"),
        "mb": _("MB"),
    }
