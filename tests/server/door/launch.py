"""Start the door with other limits: `-m tests.server.door.launch clones.CLONE_GRACE_S=1`."""

from __future__ import annotations

import importlib
import sys

from server.config import Settings

for word in sys.argv[1:]:
    name, value = word.split("=")
    module, constant = name.rsplit(".", 1)
    holder = importlib.import_module(f"server.door.{module}")
    assert hasattr(holder, constant), name
    setattr(holder, constant, float(value))

from server.door.main import run  # noqa: E402

run(Settings())
