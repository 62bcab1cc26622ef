"""Edits while 10,000 players come back: `python -m tests.bench.comeback --json [--screens N]`.

The real web, worker and door are stopped and started again under a chain of 500 stores. People go
on editing over the API (a playlist, an override and its end, every EDIT_EVERY_S) while all players
come back: first over their sockets, as fast as the door takes them; then over HTTP, as if there
were no door: a challenge, its proof and a report each, spread over SPREAD_S as their reports are.
`edit_ms` are the times of the edits' answers, `calm_ms` the same before the restart. `load` is the
machine's 1-minute load: other work on it is in the figures.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from playlists.credentials import sign_proof
from tests.bench.fanout import CHANNEL, STORES, Lines, percentiles, shares
from tests.bench.fanout_chain import Chain, store_name
from tests.bench.fanout_players import device_key, screen_name
from tests.support.programs import end

EDIT_EVERY_S = 0.1
CALM_S = 10.0
SPREAD_S = 55.0
"""Reports are due every 45 ± 10 s."""
PATIENCE_S = 300.0
"""So long a busy machine may take to let all in; `sockets_back_s` says how long it took."""
CALLERS = 24
HOUR_MS = 3_600_000
ROOT = Path(__file__).parents[2]


class Editor:
    """Someone who edits without a break; `took` are milliseconds."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/api/v1"
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {token}"
        self._count = 0
        self._refused = ""
        self.took: list[float] = []

    def edit(self) -> None:
        """One edit, of three kinds in turn."""
        self._count += 1
        card = {"template": "message", "texts": {"headline": {"fr": f"Édition {self._count}"}}}
        items = [{"id": "a", "content": {"card": card}}]
        body = {"name": "Spare", "items": items}
        if self._count == 1:
            self._timed("POST", "/playlists", {"id": "spare", **body})
        elif self._count % 3 == 1:
            self._timed("PUT", "/playlists/spare", body)
        elif self._count % 3 == 2:
            now = time.time_ns() // 1_000_000
            wish = {
                "id": f"hand-{self._count}",
                "store": store_name(self._count % STORES),
                "kind": "show",
            }
            wish |= {"playlist": "spare", "from": now, "until": now + HOUR_MS}
            self._timed("POST", "/overrides", wish)
        else:
            self._timed("DELETE", f"/overrides/hand-{self._count - 1}", None)

    def _timed(self, method: str, path: str, body: dict[str, Any] | None) -> None:
        headers = {"If-Match": "*"} if method != "POST" else {}
        begun = time.perf_counter()
        answer = self._http.request(
            method, self._url + path, json=body, headers=headers, timeout=60
        )
        self.took.append((time.perf_counter() - begun) * 1000)
        if not answer.ok:
            self._refused = f"An edit was refused: {answer.status_code} {answer.text}"

    @contextmanager
    def at_work(self) -> Iterator[list[float]]:
        """Edit beside what is inside; the milliseconds that each took."""
        over = threading.Event()
        self.took = []

        def work() -> None:
            while not over.wait(EDIT_EVERY_S) and not self._refused:
                self.edit()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield self.took
        finally:
            over.set()
            thread.join()
        if self._refused:
            raise SystemExit(self._refused)


class Caller:
    """One connection that speaks for some players, one after the other."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.turned_away = 0
        self._link = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)

    def come_back(self, number: int) -> None:
        """Ask, prove, report."""
        screen = screen_name(number)
        nonce = self._post("sessions", {"screen": screen})["nonce"]
        sig = sign_proof(device_key(number), nonce, screen)
        proof = {"screen": screen, "nonce": nonce, "sig": sig}
        token = self._post("sessions/prove", proof)["token"]
        report = {
            "revision": 0,
            "channels": {CHANNEL: 0},
            "freshness": 0,
            "missing": 0,
            "clock": {"uncertainty": 8},
            "playing": {},
            "page": "",
            "nonce": "r" * 22,
        }
        self._post("reports", report, token)

    def _post(self, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        while True:
            self._link.request("POST", f"/player/v1/{path}", json.dumps(body), headers)
            answer = self._link.getresponse()
            data = answer.read()
            if answer.status != 429:
                break
            self.turned_away += 1
            time.sleep(int(answer.headers["Retry-After"]))
        if answer.status != 200:
            raise SystemExit(f"A player was sent away: {answer.status} {data!r}")
        found: dict[str, Any] = json.loads(data)
        return found


def come_back_over_http(url: str, screens: int) -> None:
    """All players, each at its time within SPREAD_S; says how long it took them in all."""
    begun = time.monotonic()
    late: list[float] = []
    away: list[int] = []

    def run(first: int) -> None:
        caller = Caller(url)
        for number in range(first, screens, CALLERS):
            due = begun + SPREAD_S * number / screens
            time.sleep(max(0.0, due - time.monotonic()))
            caller.come_back(number)
            late.append(time.monotonic() - due)
        away.append(caller.turned_away)

    threads = [threading.Thread(target=run, args=(first,)) for first in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    print(json.dumps({"back": len(late), "took_s": round(took, 1), "turned_away": sum(away)}))


def measure(screens: int) -> dict[str, Any]:
    """Run it all; the figures."""
    found: dict[str, Any] = {"screens": screens}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ens-bench-")))
        chain = Chain(folder, screens, STORES)
        editor = Editor(chain.url, chain.token())
        with ExitStack() as before:
            chain.start(before)
            with editor.at_work() as took:
                time.sleep(CALM_S)
            found["calm_ms"] = percentiles(took)
        crowds = [
            Lines("players", str(chain.door_port), str(first), str(count), CHANNEL)
            for first, count in shares(screens)
        ]
        for crowd in crowds:
            stack.callback(end, crowd.process)
        chain.start(stack)
        with editor.at_work() as took:
            for crowd in crowds:
                crowd.say("connect")
            back_s = max(float(crowd.hear(PATIENCE_S)["at"]) for crowd in crowds)
            found["sockets_back_s"] = round(back_s, 1)
            time.sleep(CALM_S)
        found["edit_ms"] = percentiles(took) | {"edits": len(took)}
        for crowd in crowds:
            crowd.process.send_signal(signal.SIGKILL)
        command = [sys.executable, "-m", "tests.bench.comeback", "--callers", chain.url]
        with editor.at_work() as took:
            callers = subprocess.run(
                [*command, "--screens", str(screens)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        found["http_back"] = json.loads(callers.stdout)
        found["http_edit_ms"] = percentiles(took) | {"edits": len(took)}
    found["load"] = round(os.getloadavg()[0], 1)
    return found


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--screens", type=int, default=10_000)
    options.add_argument("--json", action="store_true", help="one line of JSON")
    options.add_argument("--callers", default="", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.callers:
        come_back_over_http(chosen.callers, chosen.screens)
        return
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    found = measure(chosen.screens)
    if chosen.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:>16}  {value}")


if __name__ == "__main__":
    main()
