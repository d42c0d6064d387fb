"""The house: fans' websockets, pages and live picture, in a process of its own."""

from stage.gateway.house import House, HouseError
from stage.gateway.model import FanEvent, MediaChunk, MediaInit

__all__ = ["FanEvent", "House", "HouseError", "MediaChunk", "MediaInit"]
