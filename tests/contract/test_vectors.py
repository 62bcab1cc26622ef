"""Python and the page answer every golden vector alike, and as the slow oracle did."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import pytest

from playlists.codec import (
    MAX_CHUNK_BYTES,
    MAX_DECK_BYTES,
    MAX_MANIFEST_BYTES,
    chunk_json,
    deck_json,
    decode_chunk,
    decode_deck,
    decode_manifest,
    encode_manifest,
)
from playlists.errors import Refused
from playlists.ids import canonical, sha256
from tests.contract.generate import VECTORS, vectors
from tests.contract.oracle import answer
from tests.contract.random_worlds import random_doc
from tests.contract.replaying import HERE, NODE, replay_in_node
from tests.contract.world import mismatches, read_plan, replay

FILES = {path.name: json.loads(path.read_text()) for path in sorted(VECTORS.glob("*.json"))}
QUESTIONS = {name: doc for name, doc in FILES.items() if "cases" in doc}
OBJECTS = FILES["objects.json"]
ENOUGH = 600
"""Golden answers there are at the least, so that an empty file is no success."""
CASES_A_WORLD = 10
CODEC: dict[str, tuple[Any, Any, int]] = {
    "chunk": (decode_chunk, lambda one: canonical(chunk_json(one)), MAX_CHUNK_BYTES),
    "deck": (decode_deck, lambda one: canonical(deck_json(one)), MAX_DECK_BYTES),
    "manifest": (decode_manifest, encode_manifest, MAX_MANIFEST_BYTES),
}


def random_worlds(cases: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Worlds drawn at random with Python's answers, `cases` in all."""
    for number in range(cases // CASES_A_WORLD):
        doc = random_doc(Random(f"{seed}-{number}"), CASES_A_WORLD)
        plan = read_plan(doc["plans"]["plan"])
        for asked in doc["cases"]:
            asked["name"] = f"world {seed}-{number}, {asked['name']}"
            asked["want"] = replay(plan, asked)
        yield doc


@pytest.mark.slow
def test_the_files_are_what_the_scenarios_say() -> None:
    told = {name: json.loads(text) for name, text in vectors().items()}
    assert told == FILES, "run: python -m tests.contract.generate"


def test_cases_are_many_and_each_has_its_own_name() -> None:
    names = [asked["name"] for doc in QUESTIONS.values() for asked in doc["cases"]]
    assert len(names) >= ENOUGH
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", QUESTIONS)
def test_python_answers_as_written(name: str) -> None:
    assert list(mismatches(QUESTIONS[name])) == []


def test_python_answers_random_worlds_as_the_oracle_does() -> None:
    for doc in random_worlds(2_000, seed=1):
        for asked in doc["cases"]:
            assert asked["want"] == answer(doc["plans"]["plan"], asked), asked["name"]


@pytest.mark.parametrize("one", OBJECTS["read"], ids=lambda one: one["kind"])
def test_python_reads_and_writes_an_object(one: dict[str, str]) -> None:
    decode, encode, _ = CODEC[one["kind"]]
    assert encode(decode(one["text"].encode())) == one["text"].encode()
    assert sha256(one["text"].encode()) == one["sha256"]


@pytest.mark.parametrize("one", OBJECTS["refused"], ids=lambda one: f"{one['kind']}: {one['name']}")
def test_python_refuses_an_object(one: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        CODEC[one["kind"]][0](one["text"].encode())
    assert refused.value.reason == one["reason"]


@pytest.mark.parametrize("kind", CODEC)
def test_python_refuses_what_is_too_large(kind: str) -> None:
    decode, _, most = CODEC[kind]
    assert OBJECTS["too_large"][kind] == most
    for size, reason in ((most, "not_json"), (most + 1, "too_large")):
        with pytest.raises(Refused) as refused:
            decode(bytes(size))
        assert refused.value.reason == reason


# Chromium is the proof; node, where it happens to be, says the same in a tenth of the time.
if NODE is not None:

    def test_the_page_answers_as_written_in_node() -> None:
        count, wrong = replay_in_node(FILES.values())
        assert wrong == []
        assert count >= ENOUGH

    def test_the_page_agrees_on_random_worlds_in_node() -> None:
        assert replay_in_node(random_worlds(2_000, seed=2)) == (2_000, [])

    @pytest.mark.slow
    @pytest.mark.timeout(600)
    def test_the_page_agrees_on_very_many_random_worlds_in_node() -> None:
        assert replay_in_node(random_worlds(100_000, seed=3)) == (100_000, [])


@pytest.mark.chromium
def test_the_page_answers_as_written_in_chromium(site: str, page: Any) -> None:
    page.goto(f"{site}/tests/contract/package.json")
    count = 0
    for doc in [*FILES.values(), *random_worlds(500, seed=4)]:
        found = page.evaluate(
            """async (doc) => {
              const { mismatches } = await import("/tests/contract/replay.js");
              return mismatches(doc);
            }""",
            doc,
        )
        assert found["wrong"] == []
        count += found["count"]
    assert count >= ENOUGH + 500


@pytest.fixture
def site() -> Iterator[str]:
    """The repository over HTTP on localhost: modules need an origin."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    root = str(HERE.parents[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=root))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
