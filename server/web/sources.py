"""Where prices, weather and counts come from: connected, tried and disconnected."""

from __future__ import annotations

from typing import Any

from flask import redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from server.connectors.registry import kinds
from server.connectors.source import Kind
from server.errors import NotFound, ServerError
from server.services import connectors
from server.services.base.paging import Cut
from server.services.chain import selling
from server.services.connectors import ConnectorWish, Seen
from server.services.entry import shops
from server.services.situation.faults import fault_said
from server.web import source_words, trial_words
from server.web.access import Visit, page, studio
from server.web.entering import guard
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

blueprint = studio("sources")

HERE = "/sources"
guarded = guard("connectors", chain=True)


@blueprint.get(HERE)
@guarded
def everything(me: Visit) -> AnyResponse:
    """The list."""
    now = me.ctx.clock()
    found = connectors.list_connectors(me.ctx, me.actor, Cut(request.args.get("after", "")))
    lines = [source_words.line(one.value, me.language, now) for one in found.items]
    return page(
        "sources.html",
        me,
        room="places",
        first=ngettext("%(num)s source is connected.", "%(num)s sources are connected.", len(lines))
        if lines
        else _("Nothing is connected yet."),
        lines=lines,
        next=found.next,
        kinds=source_words.choices(me.language),
    )


@blueprint.get(f"{HERE}/new")
@guarded
def fresh(me: Visit) -> AnyResponse:
    """The form of a kind; the list of kinds where none is named."""
    if not request.args.get("kind"):
        return redirect(HERE)
    kind = _kind(request.args.get("kind", ""))
    title = source_words.title_of(kind.name, me.language)
    return _form(me, kind, {}, MultiDict({"name": title, "enabled": "1", "sells": "1"}))


@blueprint.post(f"{HERE}/new")
@guarded
def connect(me: Visit) -> AnyResponse:
    """Connect a source; a shop's prices are those of the stores that have none yet."""
    kind, config = _kind(request.form.get("kind", "")), {}
    try:
        config = source_words.read(kind, request.form)
        made = connectors.create_connector(me.ctx, me.actor, _wish(kind, config))
        if made.value.config.get("shop") and request.form.get("sells"):
            selling.sell_at(me.ctx, me.actor, made.value.config["shop"])
    except ServerError as wrong:
        return _form(me, kind, config, request.form, wrong)
    own = f"{HERE}/{made.value.id}"
    return redirect(f"{own}/file" if kind.name == source_words.FILED else f"{own}?done=1", 303)


@blueprint.get(f"{HERE}/<connector>")
@guarded
def show(me: Visit, connector: str) -> AnyResponse:
    """A source."""
    return _source(me, connector)


@blueprint.post(f"{HERE}/<connector>")
@guarded
def keep(me: Visit, connector: str) -> AnyResponse:
    """A source set up anew."""
    was = connectors.get_connector(me.ctx, me.actor, connector)
    kind = _kind(was.value.kind)
    version = request.form.get("version", "")
    config = source_words.read(kind, request.form)
    try:
        connectors.update_connector(
            me.ctx,
            me.actor,
            connector,
            _wish(kind, config),
            int(version) if version.isdecimal() and len(version) < 10 else None,
        )
    except NotFound:
        raise
    except ServerError as wrong:
        return _form(me, kind, config, request.form, wrong, connector)
    return redirect(f"{HERE}/{connector}?done=1", 303)


@blueprint.post(f"{HERE}/<connector>/try")
@guarded
def ask(me: Visit, connector: str) -> AnyResponse:
    """Ask it once, and show what would be taken."""
    return _source(me, connector, connectors.test_connector(me.ctx, me.actor, connector))


@blueprint.post(f"{HERE}/<connector>/now")
@guarded
def ask_now(me: Visit, connector: str) -> AnyResponse:
    """Ask it at once, and take what it says."""
    connectors.ask_now(me.ctx, me.actor, connector)
    return redirect(f"{HERE}/{connector}?done=asked", 303)


@blueprint.post(f"{HERE}/<connector>/stores")
@guarded
def place(me: Visit, connector: str) -> AnyResponse:
    """Say which of our stores those are that a source speaks of."""
    was = connectors.get_connector(me.ctx, me.actor, connector)
    view, given = was.value, request.form
    told = zip(given.getlist("code"), given.getlist("to"), strict=False)
    stores = {**view.config.get("stores", {}), **{code: ours for code, ours in told if ours}}
    config = {**view.config, "stores": stores}
    wish = ConnectorWish(view.kind, view.name, config, enabled=view.enabled, every_s=view.every_s)
    connectors.update_connector(me.ctx, me.actor, connector, wish, was.version)
    return redirect(f"{HERE}/{connector}?done=1", 303)


@blueprint.post(f"{HERE}/<connector>/disconnect")
@guarded
def disconnect(me: Visit, connector: str) -> AnyResponse:
    """Take a source away."""
    connectors.delete_connector(me.ctx, me.actor, connector)
    return redirect(HERE, 303)


def _kind(name: str) -> Kind:
    kind = kinds().get(name)
    if kind is None:
        raise NotFound(_("No installed package brings sources of this kind."))
    return kind


def _wish(kind: Kind, config: dict[str, Any]) -> ConnectorWish:
    given = request.form
    return ConnectorWish(
        kind.name,
        given.get("name", ""),
        config,
        secrets=source_words.read_secrets(kind, given),
        enabled=bool(given.get("enabled")),
    )


def _source(me: Visit, connector: str, seen: Seen | None = None) -> AnyResponse:
    found = connectors.get_connector(me.ctx, me.actor, connector)
    view = found.value
    own = {"name": view.name, "enabled": "1" if view.enabled else "", "version": found.version}
    return _form(me, _kind(view.kind), view.config, MultiDict(own), None, connector, seen)


def _form(
    me: Visit,
    kind: Kind,
    config: Any,
    own: MultiDict[str, Any],
    wrong: ServerError | None = None,
    connector: str = "",
    seen: Seen | None = None,
) -> AnyResponse:
    view = connectors.get_connector(me.ctx, me.actor, connector).value if connector else None
    field, complaint = source_words.complaint(wrong, kind) if wrong else ("", "")
    asked = view is not None and (
        view.kind != source_words.FILED or view.last_success_at or view.failures
    )
    made = source_words.fields(kind, config)
    secrets = source_words.secret_fields(kind, view, me.language)
    known = {"name", *(one.name for one in made), *(one.name for one in secrets)}
    return page(
        "source.html",
        me,
        status=wrong.status if wrong else 200,
        room="places",
        kind=kind,
        title=source_words.title_of(kind.name, me.language),
        view=view,
        state=source_words.state_of(view, me.ctx.clock()) if view else None,
        due=source_words.due(view.next_run_at, me.ctx.clock()) if view and asked else "",
        failing=fault_said(view.last_error, me.language) if view else "",
        own=own,
        fields=[one for one in made if not one.further],
        further=[one for one in made if one.further],
        open_further=any(one.further and one.name == field for one in made),
        secrets=secrets,
        shops=shops.list_shops(me.ctx, me.actor),
        is_shop=source_words.is_shop(kind),
        filed=kind.name == source_words.FILED,
        lease=source_words.lease(view, me.ctx.settings.lease_ms) if view else "",
        trial=trial_words.told(seen, me.language, me.ctx.clock()) if seen else None,
        topics=trial_words.topics(kind.name),
        done="" if seen else request.args.get("done", ""),
        field=field,
        wrong=complaint,
        elsewhere=field not in known,
    )
