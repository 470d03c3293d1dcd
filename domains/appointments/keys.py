"""Words of the earlier system become keys: Property Showing is property_showing."""

from typing import Any, Final

ZONE: Final = "America/Los_Angeles"  # where nobody says in which time zone it is


def key(said: Any) -> Any:
    if not isinstance(said, str):
        return said
    return said.strip().lower().replace(" ", "_").replace("-", "_")
