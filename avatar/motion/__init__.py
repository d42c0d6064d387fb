"""Motion: what a performer does with her body, face and eyes, as a function of cues and time. No GPU, no model."""

from avatar.motion.gesture import GESTURES
from avatar.motion.performer import Performer

__all__ = ["GESTURES", "Performer"]
