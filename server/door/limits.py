"""Every limit of the door, with its unit."""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = "/player"

CHUNK_CLIENTS: Final = 400
"""Sockets written in one go; then the loop serves everyone else."""
CHUNK_PAUSE_S: Final = 0.0005
"""A timed pause: `sleep(0)` lets ready greenlets run but does not look at the sockets."""

PROVE_WITHIN_S: Final = 10.0
"""Between the challenge and its answer."""
CLONE_GRACE_S: Final = 5.0
"""Two sockets with one key may overlap for so long: a reconnect overtakes the old one's end."""
MAX_LINKS_PER_KEY: Final = 3
"""Sockets that one device key may hold at once; the oldest ends."""
CLOSE_GRACE_S: Final = 5.0
"""Between the closing frame and cutting the connection."""
HANDSHAKE_S: Final = 20.0
"""For a connection to become a WebSocket."""
PING_EVERY_S: Final = 25
PING_TIMEOUT_S: Final = 20
SILENCE_S: Final = PING_EVERY_S + PING_TIMEOUT_S + 15.0
"""A connection that sends nothing (no pong either) or takes nothing for so long is cut."""

MAX_MESSAGE_BYTES: Final = 64 * 1024
"""One message from a client; also what it may send at once before the rate below counts."""
BYTES_PER_S: Final = 8 * 1024
"""What a client may send in the long run."""
MESSAGES_AT_ONCE: Final = 20
MESSAGES_PER_S: Final = 2.0
"""What a client may send in the long run; a player sends one report in 45 s."""

MAX_BACKLOG_BYTES: Final = 256 * 1024
MAX_BACKLOG_FRAMES: Final = 64
"""What waits for a slow client; over it, it is told to pull instead."""
HARD_BACKLOG_BYTES: Final = 2 * MAX_BACKLOG_BYTES
"""Over this even answers to its own messages have piled up: it is cut."""
SEND_BUFFER_BYTES: Final = 256 * 1024
"""The kernel's send buffer of one connection."""
READ_BUFFER_BYTES: Final = 1024

MAX_PUSH_BYTES: Final = 64 * 1024
"""Longer signed messages are not pushed: a `pull` is."""
MAX_DELTAS: Final = 32
"""Deltas of a channel kept for those who missed some."""

TELL_EVERY_S: Final = 1.0
"""Reports and links go to the worker this often."""
TELL_ROWS: Final = 500
"""Reports in one message to the worker."""
RESERVED_FILES: Final = 64
"""Descriptors that are no client's."""
BACKLOG: Final = 4096
"""Connections that wait to be accepted."""
