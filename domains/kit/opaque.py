"""Secrets we hand out once and keep only as a hash: refresh and invitation tokens."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

# The prefixes let a secret scanner find a token that got into a repository or a log.
REFRESH = "hrr_"
INVITATION = "hri_"
LENGTH = 4 + 43


def mint(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What the database keeps. The token has 256 random bits, so a fast hash cannot be reversed."""
    return hashlib.sha256(token.encode()).digest()


def successor(token: str, nonce: bytes) -> str:
    """The refresh token that follows `token`.

    Made from the old token and a random nonce, so that the server, which keeps only hashes, can
    give the same answer twice to a client that lost the first; neither part alone yields it.
    """
    key = hmac.digest(token.encode(), nonce, "sha256")
    return REFRESH + urlsafe_b64encode(key).rstrip(b"=").decode()
