"""Asked at random, by the owner and by a store's manager, the API answers as its document says: no
error of ours, no status, content type or shape that is not written there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.engine import events, from_schema
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from server.api.kit import OPERATIONS
from server.app import create_app
from server.db.models import AccountRow, ActorRow
from server.services.base.actors import ALL_SCOPES
from server.services.base.context import Context
from server.services.entry import sessions, tokens
from tests.server.api.chain import furnish
from tests.server.api.programs import token_for
from tests.support.record import make_context

STORES = KEPT, GIVEN_UP = "lille", "marseille"
WHO = ("owner", "manager")
ASKING = ("owner", pytest.param("manager", marks=pytest.mark.slow))
LEFT_OUT = [positive_data_acceptance, ignored_auth]
"""Of schemathesis' checks: no schema says that the playlist one names must be there; and whoever
is nobody is turned away route by route in test_boundaries."""
EXAMPLES = 2
"""Requests tried at random for each operation, once good and once wrong on purpose."""
WALKS, STEPS = 6, 8
"""Chains of requests, each made of what the one before answered."""
UNSAID = ["400", "401", "403", "404", "415", "422", "428"]
"""Answers to a request without a header that it needs; 428 is If-Match's own (RFC 6585)."""
DEEP_EXAMPLES, DEEP_S = 40, 45
"""Of the long run: requests for each operation and phase, seconds in all."""
QUIET: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class SignedIn:
    """The application as seen by a person who is signed in anew for each request, whatever the last
    one did to sessions and people.
    """

    def __init__(self, app: Flask, ctx: Context, who: str) -> None:
        self._app, self._ctx, self._who = app, ctx, who

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        secret = self._secret()
        environ["HTTP_COOKIE"] = f"{sessions.COOKIE}={sessions.seal(self._ctx, secret)}"
        environ["HTTP_X_CSRF_TOKEN"] = sessions.csrf_of(self._ctx, secret)
        environ.pop("HTTP_AUTHORIZATION", None)
        return self._app.wsgi_app(environ, start)

    def _secret(self) -> str:
        with self._ctx.db.write() as session:
            row = session.get_one(ActorRow, self._who)
            row.role, row.left_at = self._who, None
            row.stores = list(STORES) if self._who == "manager" else None
            session.merge(AccountRow(actor_id=self._who))
            session.flush()
            who = tokens.actor(session, self._who)
            return tokens.begin(session, who, self._ctx.clock()).secret


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The document as each of the two reads it, and the names of two stores' things."""
    ctx = make_context(tmp_path_factory.mktemp("random"))
    app = create_app(ctx)
    api = token_for(app, ALL_SCOPES)
    names = {store: furnish(api, store) for store in STORES}
    with ctx.db.write() as session:
        for who in WHO:
            session.add(ActorRow(id=who, name=who, scopes=[], created_at=1, role=who))
    yield {"names": names, **{who: _schema(app, ctx, who) for who in WHO}}
    ctx.db.close()


def _schema(app: Flask, ctx: Context, who: str) -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", SignedIn(app, ctx, who))


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", sorted(OPERATIONS))
@pytest.mark.parametrize("who", ASKING)
def test_whatever_is_asked_only_documented_answers_come_back(
    world: dict[str, Any], who: str, name: str, mode: GenerationMode
) -> None:
    operation = world[who].find_operation_by_id(name)
    good = mode is GenerationMode.POSITIVE
    if not good and not (operation.query or operation.body or operation.headers):
        return  # whatever is in a path names nothing, which is a good question with the answer 404
    there = world["names"][GIVEN_UP if operation.method.upper() == "DELETE" else KEPT]

    @settings(max_examples=EXAMPLES, **QUIET)
    @given(case=operation.as_strategy(mode), known=st.booleans())
    def ask(case: Any, known: bool) -> None:
        if known and good:
            named = {key: there[key] for key in case.path_parameters or {} if key in there}
            case.path_parameters.update(named)
        case.validate_response(case.call(), excluded_checks=LEFT_OUT)

    ask()


@pytest.mark.parametrize("who", ASKING)
def test_what_an_answer_names_can_be_asked_for_next(world: dict[str, Any], who: str) -> None:
    statuses: Counter[int] = Counter()

    class Walk(world[who].as_state_machine()):  # type: ignore[misc]
        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            statuses[response.status_code] += 1
            case.validate_response(response, excluded_checks=LEFT_OUT)

    Walk.run(settings=settings(max_examples=WALKS, stateful_step_count=STEPS, **QUIET))
    assert sum(statuses.values()) > WALKS
    assert not {401, 429} & statuses.keys()


@pytest.mark.slow
@pytest.mark.timeout(2 * DEEP_S)
@pytest.mark.parametrize("who", ASKING)
def test_a_long_run_of_every_phase_finds_nothing(world: dict[str, Any], who: str) -> None:
    schema = world[who]
    schema.config.checks.update(excluded_check_names=[check.__name__ for check in LEFT_OUT])
    schema.config.checks.missing_required_header.expected_statuses = UNSAID
    schema.config.generation.update(max_examples=DEEP_EXAMPLES)
    schema.config.max_time = DEEP_S
    faults: list[str] = []
    statuses: Counter[int] = Counter()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            faults.append(repr(event))
        if isinstance(event, events.ScenarioFinished):
            told = event.recorder.interactions.values()
            statuses.update(one.response.status_code for one in told if one.response is not None)
            checks = (one for some in event.recorder.checks.values() for one in some)
            infos = (one.failure_info for one in checks if one.failure_info is not None)
            faults += [f"{info.failure}\n{info.code_sample}" for info in infos]
    assert not faults, "\n\n".join(faults[:10])
    assert statuses[200] > len(OPERATIONS)
