"""A real OpenID provider in a process of its own: idpyoidc's, which shares no code with ours.

`python -m tests.support.identity_provider REDIRECT_URI SECRET` says its port and serves until it is
killed. Everybody who comes is the person that /_be set last: people's passwords are its own affair.
/_be takes JSON: `claims` of that person, `lifetime` of ID tokens in seconds, the `issuer` that they
name, and `wait` in seconds before every answer of /token.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from flask import Flask, redirect, request
from werkzeug.serving import make_server

CLIENT_ID = "enseigne"
SCOPES = {
    "openid": ["sub"],
    "profile": ["name"],
    "email": ["email", "email_verified"],
    "work": ["groups", "stores", "regions"],
}
STOP_WITHIN_S = 5.0
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class IdentityProvider:
    """The process, as a test holds it."""

    process: subprocess.Popen[str]
    port: int

    @property
    def issuer(self) -> str:
        """As it calls itself."""
        return f"http://127.0.0.1:{self.port}"

    def be(self, sub: str, **said: Any) -> None:
        """Have whoever comes next be `sub`."""
        requests.post(f"{self.issuer}/_be", json={"sub": sub, **said}, timeout=5).raise_for_status()

    def visit(self, url: str) -> str:
        """A browser that is sent there; the address that it is sent back to."""
        answer = requests.get(url, allow_redirects=False, timeout=5)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(STOP_WITHIN_S)


def start(redirect_uri: str, secret: str) -> IdentityProvider:
    """Start one and wait for its port."""
    command = [sys.executable, "-m", __name__, redirect_uri, secret]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return IdentityProvider(process, int(process.stdout.readline()))


def _configuration(issuer: str) -> dict[str, Any]:
    def endpoint(path: str, name: str, **more: Any) -> dict[str, Any]:
        return {"path": path, "class": f"idpyoidc.server.oidc.{name}", "kwargs": more}

    passwords = [{"type": "OCT", "use": ["enc"], "kid": kid} for kid in ("password", "salt")]
    return {
        "issuer": issuer,
        "httpc_params": {"timeout": 4},
        "key_conf": {
            "key_defs": [
                {"type": "RSA", "use": ["sig"]},
                {"type": "EC", "crv": "P-256", "use": ["sig"]},
            ]
        },
        "preference": {"subject_types_supported": ["public"]},
        "endpoint": {
            "provider_config": endpoint(
                ".well-known/openid-configuration",
                "provider_config.ProviderConfiguration",
                client_authn_method=None,
            ),
            "authorization": endpoint(
                "authorization",
                "authorization.Authorization",
                client_authn_method=None,
                response_types_supported=["code"],
                response_modes_supported=["query"],
            ),
            "token": endpoint("token", "token.Token", client_authn_method=["client_secret_basic"]),
            "userinfo": endpoint("userinfo", "userinfo.UserInfo"),
            "end_session": endpoint("session", "session.Session"),
        },
        "authentication": {
            "anybody": {
                "acr": "urn:anybody",
                "class": "idpyoidc.server.user_authn.user.NoAuthn",
                "kwargs": {"user": "nobody"},
            }
        },
        "userinfo": {"class": "idpyoidc.server.user_info.UserInfo", "kwargs": {"db": {}}},
        "add_on": {
            "pkce": {
                "function": "idpyoidc.server.oauth2.add_on.pkce.add_support",
                "kwargs": {"essential": True, "code_challenge_method": {"S256": True}},
            }
        },
        "scopes_to_claims": SCOPES,
        "template_dir": "templates",
        "token_handler_args": {
            "code": {
                "lifetime": 600,
                "kwargs": {
                    "crypt_conf": {"kwargs": {"keys": {"key_defs": passwords}, "iterations": 1}}
                },
            },
            "token": {
                "class": "idpyoidc.server.token.jwt_token.JWTToken",
                "kwargs": {"lifetime": 3600},
            },
            "id_token": {
                "class": "idpyoidc.server.token.id_token.IDToken",
                "kwargs": {"lifetime": 300},
            },
        },
    }


def _serve(redirect_uri: str, secret: str) -> None:
    from idpyoidc.server import Server
    from idpyoidc.server.configure import OPConfiguration

    logging.disable(logging.CRITICAL)
    app = Flask("identity provider")
    listening = make_server("127.0.0.1", 0, app, threaded=True)
    issuer = f"http://127.0.0.1:{listening.port}"
    provider = Server(OPConfiguration(conf=_configuration(issuer), domain="", port=0))
    context, wait = provider.context, {"s": 0.0}
    context.provider_info["jwks_uri"] = f"{issuer}/keys"
    context.cdb[CLIENT_ID] = {
        "client_id": CLIENT_ID,
        "client_secret": secret,
        "redirect_uris": [(redirect_uri, {})],
        "response_types_supported": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "allowed_scopes": list(SCOPES),
    }
    context.keyjar = provider.keyjar

    @app.post("/_be")
    def be() -> str:
        said = request.get_json()
        user = f"{said['sub']}@here"  # by itself it would pass for base64 of something else
        context.authn_broker["anybody"]["method"].user = user
        context.userinfo.db[user] = said.get("claims", {})
        context.session_manager.token_handler["id_token"].lifetime = said.get("lifetime", 300)
        context.issuer = said.get("issuer", issuer)
        wait["s"] = said.get("wait", 0.0)
        return ""

    @app.get("/keys")
    def keys() -> Any:
        return provider.keyjar.export_jwks("")

    @app.route("/<path:path>", methods=["GET", "POST"])
    def serve(path: str) -> Any:
        name = {"session": "session", ".well-known/openid-configuration": "provider_config"}
        endpoint = provider.endpoint[name.get(path, path)]
        if path == "token":
            time.sleep(wait["s"])
        given = request.form.to_dict() if request.method == "POST" else request.args.to_dict()
        http_info = {
            "headers": {key.lower(): value for key, value in request.headers.items()},
            "method": request.method,
            "url": request.url,
            "cookie": [],
        }
        asked = endpoint.parse_request(given, http_info=http_info)
        if "error" in asked:
            return json.loads(asked.to_json()), 400
        done = endpoint.process_request(asked, http_info=http_info)
        answer = endpoint.do_response(request=asked, **done)
        if path == "authorization":
            return redirect(answer["response"], 302)
        return app.response_class(answer["response"], content_type="application/json")

    print(listening.port, flush=True)
    listening.serve_forever()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
