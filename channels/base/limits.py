"""What one client may ask of a node: the one definition for the code, `hello` and the document."""

from functools import cache
from typing import Final

MAX_FRAME: Final = 64 * 1024  # bytes of one packet, either way
COMMANDS_PER_SECOND: Final = 20.0
COMMAND_BURST: Final = 40
COMMANDS_WAITING: Final = 128  # for their turn, of one socket
COMMANDS_WAITING_BYTES: Final = 128 * 1024  # as they came; read they take several times that
COMMANDS_REFUSED: Final = 100  # in a row; a client that goes on after them is not one to talk to
CONNECTS: Final = 5  # on one connection; official clients ask once
LOGIN_SECONDS: Final = 10.0  # to ask for a session
SOCKETS_PER_USER: Final = (
    20  # on one node: a person with more tabs than that has lost sight of some
)
PRESENCE_PER_SECOND: Final = 5  # told to others; what comes more often waits, and the last counts
SUBSCRIPTIONS: Final = 50
VIEWS: Final = 20  # on one socket


@cache
def told() -> dict[str, int]:
    """As `hello` carries them in `lim`."""
    return {
        "bytes": MAX_FRAME,
        "commands": COMMANDS_WAITING,
        "per_s": int(COMMANDS_PER_SECOND),
        "burst": COMMAND_BURST,
        "presence_per_s": PRESENCE_PER_SECOND,
        "sockets": SOCKETS_PER_USER,
        "subs": SUBSCRIPTIONS,
        "views": VIEWS,
    }
