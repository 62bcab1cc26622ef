"""What every route of the web process tells browsers, looked at one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, request
from waitress.proxy_headers import proxy_headers_middleware

from server.app import _proxy, create_app
from server.services.base.context import Context
from server.services.entry import people
from tests.support.record import make_context

PAGES = {"/wall", "/pair", "/start/<secret>", "/signed-out", "/screens/<screen_id>/why"}
"""Some that must be among them, so that the table cannot be empty unnoticed."""
WORLD = "http://127.0.0.1:8082"
Answers = list[tuple[str, dict[str, str]]]
"""What was asked and the status that came, and the headers."""


@pytest.fixture
def app(ctx: Context) -> Flask:
    ctx.settings.frame_ancestors = WORLD
    return create_app(ctx)


def routes(app: Flask) -> list[tuple[str, str]]:
    """Each method and path, with a word for each parameter."""
    found = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "some-thing", rule.rule)
        found += [(method, path) for method in sorted((rule.methods or set()) - {"OPTIONS"})]
    return found


def answers(app: Flask, **environ: str) -> Answers:
    """The headers of each route, signed in as nobody and as the owner."""
    ctx = app.extensions["enseigne"]
    ctx.settings.failures_per_minute = 10_000
    owner = app.test_client()
    owner.post(people.owner_link(ctx).removeprefix(ctx.settings.url))
    found = []
    for client in (app.test_client(), owner):
        for method, path in routes(app):
            if path == "/sign-out":
                continue  # the owner stays in for the rest
            answer = client.open(path, method=method, environ_overrides=environ)
            found.append((f"{method} {path} {answer.status_code}", dict(answer.headers)))
    return found


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """The headers of each route over plain http, asked for once."""
    context = make_context(tmp_path_factory.mktemp("answered"))
    context.settings.frame_ancestors = WORLD
    yield answers(create_app(context))
    context.db.close()


def test_every_route_is_guarded(app: Flask, answered: Answers) -> None:
    assert {rule.rule for rule in app.url_map.iter_rules()} >= PAGES
    for what, headers in answered:
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, what
        assert "frame-ancestors 'none'" in policy or "frame-ancestors 'self'" in policy, what
        assert "script-src 'unsafe" not in policy, what
        assert headers["X-Content-Type-Options"] == "nosniff", what
        assert headers["Referrer-Policy"] == "no-referrer", what
        assert "Strict-Transport-Security" not in headers, what


def test_only_the_screens_own_page_stands_in_a_frame_of_ours(answered: Answers) -> None:
    framed = {
        what.split()[1]
        for what, headers in answered
        if "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    }
    assert framed == {"/screen"}


def test_over_https_every_route_says_to_stay_with_it(app: Flask) -> None:
    for what, headers in answers(app, **{"wsgi.url_scheme": "https"}):
        assert headers["Strict-Transport-Security"] == "max-age=31536000", what
    app.extensions["enseigne"].settings.hsts_s = 0
    for what, headers in answers(app, **{"wsgi.url_scheme": "https"}):
        assert "Strict-Transport-Security" not in headers, what


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("10.0.0.1", ("https", "192.0.2.7")),
        ("10.0.0.2", ("http", "10.0.0.1")),
        ("", ("http", "10.0.0.1")),
    ],
    ids=["the trusted one", "another", "none"],
)
def test_only_the_trusted_proxy_says_who_asks_and_over_what(
    ctx: Context, proxy: str, said: tuple[str, str]
) -> None:
    """With the very options that the server in front of the application is given."""
    ctx.settings.trusted_proxy = proxy
    app = Flask("asked")

    @app.get("/")
    def asked() -> list[str]:
        return [request.scheme, request.remote_addr or ""]

    options = {"trusted_proxy": None, "trusted_proxy_headers": set()} | _proxy(ctx.settings)
    wrap: Callable[..., object] = proxy_headers_middleware
    app.wsgi_app = wrap(app.wsgi_app, clear_untrusted=True, **options)  # type: ignore[assignment]
    answer = app.test_client().get(
        "/",
        headers={"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"},
        environ_base={"REMOTE_ADDR": "10.0.0.1"},
    )
    assert tuple(answer.get_json()) == said


def test_the_embedded_wall_stands_in_the_frames_that_are_set(app: Flask) -> None:
    ctx = app.extensions["enseigne"]
    owner = app.test_client()
    owner.post(people.owner_link(ctx).removeprefix(ctx.settings.url))
    policy = owner.get("/wall?embed=1").headers["Content-Security-Policy"]
    assert policy.endswith(f"frame-ancestors {WORLD}")
