"""Pose, expressions, gaze and springs: pure numpy."""

from avatar.rig.frame import PoseFrame
from avatar.rig.rig import Rig

__all__ = ["PoseFrame", "Rig"]
