"""When the garbage collector runs: between pieces of work, never inside one.

What is remembered of plans is millions of objects that all stay. A collection that the interpreter
begins by itself falls into the middle of a change, and may look through all of them.
"""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 10_000
"""So many new objects are looked through after the piece of work that made them."""
YOUNG_ROUNDS = 20
"""What was left over of so many such rounds is looked through when there is nothing to do."""


def begin() -> None:
    """From now on nothing is collected but by the functions below."""
    gc.disable()


def after_work() -> None:
    """A piece of work is done: look through what it left."""
    if gc.get_count()[0] >= YOUNG_OBJECTS:
        gc.collect(0)


def at_rest() -> None:
    """There is nothing to do for the moment."""
    if gc.get_count()[1] >= YOUNG_ROUNDS:
        gc.collect(1)


def after_much() -> None:
    """Very much was made that stays: no collection looks at it any more. At once, since looking
    through it first would keep the next change waiting for seconds."""
    gc.freeze()
