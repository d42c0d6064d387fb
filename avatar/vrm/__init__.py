"""VRM files: 0.x and 1.0 become one Model."""

from avatar.vrm.errors import VrmError
from avatar.vrm.load import load, loads
from avatar.vrm.model import Model

__all__ = ["Model", "VrmError", "load", "loads"]
