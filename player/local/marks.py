"""The HTML that the pages on the shop's network have in common."""

from __future__ import annotations

from html import escape


def text(value: str) -> str:
    """As text, in content and attributes alike."""
    return escape(value, quote=True)


def form(action: str, language: str, *parts: str) -> str:
    """A form of this page."""
    inner = "".join(parts)
    return f'<form method="post" action="{action}?lang={language}">{inner}</form>'


def hidden(name: str, value: str) -> str:
    """A field that nobody sees."""
    return f'<input type="hidden" name="{name}" value="{text(value)}">'


def button(label: str, kind: str) -> str:
    """A form's button."""
    return f'<button class="btn {kind}">{text(label)}</button>'
