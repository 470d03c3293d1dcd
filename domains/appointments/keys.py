"""Words of the earlier system become keys: Property Showing is property_showing."""

from typing import Any


def key(said: Any) -> Any:
    if not isinstance(said, str):
        return said
    return said.strip().lower().replace(" ", "_").replace("-", "_")
