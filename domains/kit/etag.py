"""A record's entity tag: its version, which a write may be based on, and a digest of what it shows.

Two records of one version differ where a day has passed, or the log was restored.
"""

from hashlib import blake2b

DIGEST = 6  # bytes


def of_record(version: int, image: bytes) -> str:
    return f'"{version}.{blake2b(image, digest_size=DIGEST).hexdigest()}"'


def again(tag: str, image: bytes) -> str:
    """The tag of the same version showing this; one that has no digest stays as it is."""
    version, dot, _ = tag.strip('"').partition(".")
    return of_record(int(version), image) if dot else tag
