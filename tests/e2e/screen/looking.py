"""What a test sees of a screen: the page's own account, and the text on its glass."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

PAINTED = """
window.painted = [];
addEventListener("DOMContentLoaded", () => setTimeout(function hook() {
  if (!window.enseigne) return setTimeout(hook, 5);
  window.enseigne.onPaint((price) => window.painted.push({ ...price, at: Date.now() }));
}, 0));
"""
WITHIN_MS = 12_000
GLASS = """() => [...document.querySelectorAll("*")].filter((node) => node.shadowRoot)
  .flatMap((host) => [...host.shadowRoot.querySelectorAll(".words")])
  .map((words) => words.innerText).join("|")"""

KEPT = """async () => {
  const names = await caches.keys();
  const worker = navigator.serviceWorker.controller;
  if (!worker || !names.some((name) => name.startsWith("enseigne-page-"))) return false;
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data.kept !== null);
  });
  worker.postMessage({ what: "time" }, [port2]);
  return answer;
}"""
"""The service worker holds the page's files and the time."""


def until_painted(page: Page, text: str) -> float:
    """Wait until a price was really seen; unix ms of that."""
    wanted = json.dumps(text)
    found = page.wait_for_function(
        f"() => window.painted.find((price) => price.text === {wanted})?.at", timeout=WITHIN_MS
    )
    return float(found.json_value())


def until(page: Page, expression: str) -> Any:
    """Wait until an expression over `state` (the page's account) is true; its value."""
    wait = f"() => {{ const state = window.enseigne?.state(); return state && ({expression}); }}"
    return page.wait_for_function(wait, timeout=WITHIN_MS).json_value()


def in_stage(expression: str) -> str:
    """JavaScript about the first zone's shadow root, `shadow`."""
    found = "const shadow = document.querySelector('.zone').shadowRoot"
    return f"() => {{ {found}; return {expression}; }}"


def glass(page: Page) -> str:
    """All words that stand on the stages."""
    return str(page.evaluate(GLASS))
