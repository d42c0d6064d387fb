"""Which morph targets make which VRM expression. Mouth, lids and brows are separate, so they add up safely."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Expression:
    """Morph weights of one expression, and how it takes blinking over (VRMC_vrm overrideBlink)."""

    morphs: dict[str, float]
    blink: str = "none"


PRESETS: dict[str, Expression] = {
    "aa": Expression({"aa": 1}),
    "ih": Expression({"ih": 1}),
    "ou": Expression({"ou": 1}),
    "ee": Expression({"ee": 1}),
    "oh": Expression({"oh": 1}),
    "blink": Expression({"lidCloseLeft": 1, "lidCloseRight": 1}),
    "blinkLeft": Expression({"lidCloseLeft": 1}),
    "blinkRight": Expression({"lidCloseRight": 1}),
    "happy": Expression({"lidSmile": 1, "mouthSmile": 1, "browSoft": 1}, "blend"),
    "angry": Expression({"lidAngry": 1, "mouthFrown": 0.75, "browAngry": 1}),
    "sad": Expression({"lidSad": 1, "mouthFrown": 0.8, "mouthPout": 0.35, "browSad": 1}),
    "relaxed": Expression({"lidRelaxed": 1, "mouthSmile": 0.6, "browSoft": 0.6}),
    "surprised": Expression({"lidWide": 1, "mouthSmall": 1, "browUp": 1}),
    "neutral": Expression({}),
}
"""The VRM presets she has; gaze is by eye bones, so the look presets are not needed."""

CUSTOM: dict[str, Expression] = {
    "smile": Expression({"lidSquint": 0.7, "mouthSmile": 1, "browSoft": 0.8}),
    "laugh": Expression({"lidSmile": 1, "mouthLaugh": 1, "browSoft": 1}, "blend"),
    "joy": Expression({"lidSquint": 0.35, "mouthLaugh": 0.85, "browUp": 0.6}),
    "determined": Expression({"lidAngry": 0.55, "mouthSmile": 0.45, "browAngry": 0.7}),
    "pout": Expression({"mouthPout": 1, "browAngry": 0.35, "lidSquint": 0.4}),
    "shy": Expression({"lidRelaxed": 0.45, "mouthPout": 0.5, "mouthSmile": 0.5, "browSad": 0.8}),
}
"""Extra expressions by name; ``smile`` and ``joy`` keep the eyes open."""
