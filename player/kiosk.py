"""The kiosk's process: `python -m player.kiosk` becomes the compositor, which starts `--inside`
of itself.

Inside, Chromium shows the agent's page, and is replaced when it dies, hangs or swells. While no
agent answers, a page of our own stands there, so that no error page is seen; and beneath it the
resting picture, so that the display is not black while there is no browser.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence

from player.config import BadConfig, Config, read_config
from player.display.beneath import Beneath
from player.display.chromium import find_chromium, kept_in
from player.display.compositor import begin, turn
from player.display.resting import Resting

CANNOT_START = 2
INSIDE = "--inside"
ASK_EVERY_S = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Become the compositor, or inside of it show the page until told to end. The exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    is_inside = INSIDE in given
    try:
        config = read_config([word for word in given if word != INSIDE], needs_server=False)
        if is_inside:
            return _show(config)
        inside = [sys.executable, "-m", "player.kiosk", INSIDE, *given]
        line = begin(inside, kept_in(config))
        os.execv(line[0], line)
    except (BadConfig, OSError) as why:
        print(f"The kiosk cannot start: {why}", file=sys.stderr)
        return CANNOT_START


def _show(config: Config) -> int:
    turn(config.rotate)
    resting = Resting(kept_in(config))
    beneath = Beneath(resting.paint)
    beneath.stand()
    # What takes a second to load on a Raspberry Pi is not waited for with a black display.
    from player.display.hands import Hands
    from player.display.kiosk import Kiosk
    from player.display.portrait import Portrait
    from player.display.view import View
    from player.health import Health

    program = find_chromium(config.chromium)
    if program is None:
        raise BadConfig("There is no Chromium: install chromium, or give --chromium.")
    view, health, ending = View(config, program), Health(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    kiosk = Kiosk(view, config.chromium_mib, beneath)
    kiosk.start()
    hands = Hands(view.agent, kiosk.picture)
    hands.start()
    portrait = Portrait(view, kept_in(config) / "portrait", resting, beneath)
    portrait.start()
    health.ready()
    while not ending.wait(ASK_EVERY_S):
        if not kiosk.hangs:
            health.turned()
    health.stopping()
    hands.stop()
    portrait.stop()
    kiosk.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
