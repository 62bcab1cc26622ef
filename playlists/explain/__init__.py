"""Why a screen shows what it shows, at any instant past or future: the door of explaining."""

from __future__ import annotations

from playlists.explain.explaining import explain
from playlists.explain.explanation import Explanation, FactUsed, Loser, Rule
from playlists.explain.telling import explanation_text
from playlists.explain.wording import Names

__all__ = ["Explanation", "FactUsed", "Loser", "Names", "Rule", "explain", "explanation_text"]
