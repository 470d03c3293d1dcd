"""Homeroom's client for asyncio; README.md shows it in thirty lines."""

from homeroom_client.presence import Presence
from homeroom_client.refused import Refused
from homeroom_client.room import KINDS, Homeroom, Kind
from homeroom_client.session import Session
from homeroom_client.views import View

__all__ = ["KINDS", "Homeroom", "Kind", "Presence", "Refused", "Session", "View"]
