"""Which pages may open a socket here: ours, and those of CORS_ORIGINS."""

from collections.abc import Collection, Mapping
from typing import Any

from channels.sockets.live_server import Allows


def allows(others: Collection[str]) -> Allows:
    """Judge a request's Origin. Browsers always send one; programs send none and are not asked.

    A page is ours when it came from the host the request names. The scheme is left out, for behind
    a TLS proxy we do not see the page's; a page cannot choose the headers compared here.
    """
    named = frozenset(others)

    def judge(origin: str | None, environ: Mapping[str, Any]) -> bool:
        if origin is None:
            return False  # a program: nobody asks before the answer's headers are made
        _, _, host = origin.lower().partition("://")
        forwarded, _, _ = environ.get("HTTP_X_FORWARDED_HOST", "").partition(",")
        ours = (environ.get("HTTP_HOST", "").lower(), forwarded.strip().lower())
        return origin in named or (host != "" and host in ours)

    return judge
