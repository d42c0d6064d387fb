"""Motion files: VRMA, BVH and VMD become one :class:`Clip` in VRM 1.0's normalised humanoid space."""

from avatar.motion.clips.clip import Bound, Clip
from avatar.motion.clips.errors import ClipError
from avatar.motion.clips.load import SUFFIXES, load, loads, still

__all__ = ["SUFFIXES", "Bound", "Clip", "ClipError", "load", "loads", "still"]
