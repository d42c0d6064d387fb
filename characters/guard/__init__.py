"""The guard before and after the model: word lists, patterns, hidden layers, and the queue of held lines."""

from characters.guard.guard import Guard, Verdict, masked
from characters.guard.held import MODES, Held, HeldLines

__all__ = ["MODES", "Guard", "Held", "HeldLines", "Verdict", "masked"]
