"""Requests' way to a simulated server without a socket."""

from __future__ import annotations

import io
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.response import HTTPResponse

from tests.fakes.server_sim import Sim

URL = "http://signs.test"


class InMemory(BaseAdapter):
    """Mounted in a session, it asks the simulator."""

    def __init__(self, sim: Sim) -> None:
        super().__init__()
        self._sim = sim

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        """One request."""
        if self._sim.faults.down:
            raise requests.ConnectionError("the line is down")
        body = request.body or b""
        status, headers, data = self._sim.answer(
            str(request.method),
            str(request.url),
            request.headers,
            body.encode() if isinstance(body, str) else bytes(body),
        )
        headers = {"Content-Length": str(len(data)), **headers}
        answer = requests.Response()
        answer.status_code = status
        answer.headers = CaseInsensitiveDict(headers)
        answer.raw = HTTPResponse(io.BytesIO(data), headers, status, preload_content=False)
        answer.request = request
        answer.url = str(request.url)
        return answer

    def close(self) -> None:
        """Nothing is open."""


def session(sim: Sim) -> requests.Session:
    """A session that reaches the simulator at URL."""
    made = requests.Session()
    made.mount(URL, InMemory(sim))
    return made
