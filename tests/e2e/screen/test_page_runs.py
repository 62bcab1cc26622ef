"""The page's record of what it played is the one that Python keeps, run for run."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from playlists.ids import ChannelId, Sha256, ZoneId
from playlists.runs import GENESIS, Play, Recorder, Run, Slot, append
from tests.e2e.screen.peer import Peer

pytestmark = pytest.mark.chromium

TURNS = 600
RECORD = """async (turns) => {
  const { append, GENESIS, Recorder } = await import("/page/engine/runs.js");
  let recorder = new Recorder();
  let hash = GENESIS;
  const runs = [];
  const chain = async (plays) => {
    for (const play of plays) {
      runs.push(await append(runs.length + 1, hash, play));
      hash = runs.at(-1).hash;
    }
  };
  for (const { play, slot } of turns) {
    await chain(recorder.saw(play, slot));
    recorder = new Recorder(JSON.parse(JSON.stringify(recorder.open)));
  }
  await chain(recorder.close());
  return runs;
}"""


def test_random_turns_make_the_same_chain_in_both_languages(
    peer: Peer, profile: BrowserContext
) -> None:
    dice = random.Random(7)
    turns = _turns(dice)
    recorder, plays = Recorder(), []
    for play, slot in turns:
        recorder, ended = recorder.saw(play, slot)
        plays += ended
    plays += recorder.closed()[1]
    runs: list[Run] = []
    for play in plays:
        runs.append(append(len(runs) + 1, runs[-1].hash if runs else GENESIS, play))
    page = profile.new_page()
    page.goto(f"{peer.url}/empty")
    found = page.evaluate(RECORD, [{"play": _json(play), "slot": slot} for play, slot in turns])
    assert len(runs) > 100
    assert found == [run.to_json() for run in runs]


def _turns(dice: random.Random) -> list[tuple[Play, Slot | None]]:
    at = {"main": 1_700_000_000_000, "côté": 1_700_000_000_000}
    made = []
    for _ in range(TURNS):
        zone = dice.choice(list(at))
        begin = at[zone] + (dice.randrange(1, 9) * 100 if dice.random() < 0.05 else 0)
        at[zone] = begin + dice.choice([5_000, 8_000])
        play = Play(
            zone=ZoneId(zone),
            head=1 if dice.random() < 0.9 else 2,
            manifest=Sha256("a" * 64),
            from_ms=begin,
            until_ms=at[zone],
            offers={ChannelId("shop@lille"): int(dice.random() < 0.1), ChannelId("é\u007f😀"): 3},
        )
        slot = dice.choice([None, ("base", "loop", "i1"), ("campaign", "pluie", "i2")])
        if dice.random() < 0.4:
            card = dice.choice([None, "0123456789"])
            play = replace(play, card=card, because=("gate_stale:weather@lille",))
        made.append((play, slot))
    return made


def _json(play: Play) -> dict[str, Any]:
    return {
        "zone": play.zone,
        "head": play.head,
        "manifest": play.manifest,
        "from": play.from_ms,
        "until": play.until_ms,
        "offers": dict(play.offers),
        "card": play.card,
        "because": list(play.because),
    }
