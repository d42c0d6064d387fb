"""The performer: cues in, poses out.

Every frame is a function of the cues known, the seed and the sample alone: nothing is carried from frame to
frame, so frames may be dropped, repeated or asked for in any order, and live and offline agree.

Layers, lowest first: idle, dance, gesture, a person (live only), mood; the mouth and the eyes have the face to
themselves, and springs come after all (:mod:`avatar.rig`). A character's clips lie on idle, dance and gestures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from avatar.motion.clips import Clip
from avatar.motion.cues import RATE, Feeling, Gesture, Look, Section, Span, Track, Viseme
from avatar.motion.dance import Dance
from avatar.motion.dofs import INDEX, SIZE, Proportions
from avatar.motion.face import Blinks, Face
from avatar.motion.gaze import EYES, TARGETS, Gaze
from avatar.motion.gesture import Gestures
from avatar.motion.idle import Breath, Idle
from avatar.motion.layers import ClipLayer, head_angles, person_body, person_face
from avatar.motion.mouth import SHAPES, VOWELS, Mouth, opening
from avatar.motion.noise import min_jerk, noise
from avatar.motion.person import Mode, Person, modes
from avatar.motion.poses import PoseBook
from avatar.motion.solve import solve
from avatar.rig.frame import HUMANOID_BONES, PRESETS, PoseFrame

if TYPE_CHECKING:
    from avatar.rig.rig import Rig

_FACE_WHILE_TALKING = 0.5
"""Part of a mood's own mouth that is taken back while a vowel is fully open, so that faces do not break."""


_HINT = 0.2
"""A face that stops the lids is not worth wearing at less than this."""
_OPEN_FACES = {"joy": 1.0, "laugh": 1.0, "surprised": 0.5}
"""Expressions that open the mouth by themselves, and how much of them speech takes back: the phones own the mouth."""


class Performer:
    """Performs one character. All times are samples at 48 kHz since the start of the show.

    Cues may come in any order and any time ahead. ``owner`` names the utterance a cue belongs to, for
    :meth:`cut`. ``fps`` is the rate at which frames will be asked for; it changes nothing but advice.
    """

    def __init__(self, seed: int = 0, fps: float = 30, mouth_lead: int = 0) -> None:
        self.seed = seed
        self.fps = fps
        self._speech: Track[Span] = Track()
        self._mouth = Mouth(seed, mouth_lead)
        self._face = Face(seed)
        self._gaze = Gaze(seed, self._speech)
        self._blinks = Blinks(seed, self._speech, self._gaze.track)
        self._breath = Breath(seed)
        self._pose = np.zeros(SIZE)
        self._clips = ClipLayer()
        self._person: Person | None = None
        self._modes: Mapping[str, Mode] = modes("mixed")
        self._mute: frozenset[str] = frozenset()
        self._staring: frozenset[str] = frozenset()
        self._build(Proportions())

    def _build(self, body: Proportions) -> None:
        self._body = body
        self._book = PoseBook(body)
        gestures = getattr(self, "_gestures", None)
        dance = getattr(self, "_dance", None)
        self._idle = Idle(self.seed, self._book, self._speech)
        self._gestures = Gestures(self.seed, self._book)
        self._dance = Dance(self.seed, self._book)
        if gestures is not None:
            self._gestures.track = gestures.track
        if dance is not None:
            self._dance.beats, self._dance.sections = dance.beats, dance.sections

    def fit(
        self, rest: Mapping[str, tuple[float, float, float]], expressions: Mapping[str, Any] | Iterable[str] = ()
    ) -> None:
        """Optional: adapt to a model, given rest positions of its humanoid bones in metres (T-pose, facing +Z).

        Hands then meet and feet stay put on that body too. ``expressions`` names all expressions the model has (or
        maps them to objects with ``override_mouth`` and ``override_blink``); moods then use its own (``smile``,
        ``joy``, ``laugh``, ``shy``, ...) where they are better than the presets, and faces that would forbid the mouth
        or the lids to move are not worn while they are needed. Cues already given stay.
        """
        self._build(Proportions.of(rest))
        self._clips.fit(rest.keys() or HUMANOID_BONES, self._body.hip_height)
        self._face.names = frozenset(PRESETS) | frozenset(expressions)
        rules = expressions if isinstance(expressions, Mapping) else {}
        self._mute = frozenset(n for n, e in rules.items() if getattr(e, "override_mouth", "none") != "none")
        self._staring = frozenset(n for n, e in rules.items() if getattr(e, "override_blink", "none") == "block")

    def wear(self, rig: Rig) -> None:
        """Adapt to the model of a rig: :meth:`fit` with what the rig knows."""
        places = {bone: rig.rest_world[node][:3, 3] for bone, node in rig.model.bones.items()}
        self.fit({b: (float(p[0]), float(p[1]), float(p[2])) for b, p in places.items()}, rig.model.expressions)

    def learn(self, name: str, clip: Clip) -> None:
        """A clip of the character's own: ``idle`` lies under everything, ``dance_BPM`` (its tempo) is danced on the
        beat, and any other name is a gesture, before the built-in one of that name."""
        self._clips.learn(name, clip)

    def follow(self, person: Person | None, by_layer: Mapping[str, Mode] | None = None) -> None:
        """Let a person drive (None: nobody); ``by_layer`` as :func:`avatar.motion.person.modes` gives it. The person's
        moment is read anew at every frame: frames are then no longer a function of the cues alone."""
        self._person = person
        if by_layer is not None:
            self._modes = by_layer

    # Cues ---------------------------------------------------------------------------------------------------

    def mouth(
        self, start: int, length: int, viseme: str, weight: float = 1.0, owner: str = "", levels: Sequence[int] = (),
        early: int = 0,
    ) -> None:  # fmt: skip
        """A phone's viseme, one of the fifteen OVR names; an unknown name counts as ``sil``.

        ``levels``, ``early``: how loud it is from moment to moment and how long before its start it is heard, as in
        :class:`~avatar.motion.cues.Viseme`.
        """
        name = viseme if viseme in SHAPES else "sil"
        weight, heard = min(1.0, max(0.0, weight)), tuple(min(120, max(0, level)) for level in levels)
        self._mouth.track.add(
            Viseme(start, start + max(length, 1), owner, name, weight, levels=heard, early=max(0, early))
        )

    def expression(self, start: int, length: int, name: str, weight: float = 1.0, owner: str = "") -> None:
        """A mood (``happy``, ``shy``, ...) or the name of an expression of the model."""
        self._face.track.add(Feeling(start, start + max(length, 1), owner, name, min(1.0, max(0.0, weight))))

    def gesture(self, start: int, length: int, name: str, stroke: int, owner: str = "") -> None:
        """A gesture whose accent falls on sample ``stroke``; length 0 takes the natural one. Unknown names: none."""
        if name in self._clips.clips:
            self._clips.add(name, start, length, stroke, owner)
        elif name in self._gestures.specs:
            begin, end = self._gestures.span(name, start, length, stroke)
            self._gestures.track.add(Gesture(begin, end, owner, name, stroke))

    def gaze(self, start: int, length: int, target: str | tuple[float, float], owner: str = "") -> None:
        """Look at a named target or at (yaw, pitch) degrees; unknown names look at the camera."""
        name = target if isinstance(target, str) else ""
        yaw, pitch = TARGETS.get(target, (0.0, 0.0)) if isinstance(target, str) else target
        self._gaze.track.add(Look(start, start + max(length, 1), owner, float(yaw), float(pitch), name))

    def beat(self, sample: int, length: int, bar: bool, energy: float) -> None:
        """A beat of the music, ``length`` samples to the next; ``energy`` 0 is music under talk."""
        self._dance.add(sample, length, bar, min(1.0, max(0.0, energy)))

    def section(self, start: int, length: int, name: str, energy: float) -> None:
        """A part of the song; its name chooses the choreography."""
        self._dance.sections.add(Section(start, start + max(length, 1), "", name, energy))

    def breath(self, start: int, length: int, owner: str = "") -> None:
        """An audible breath in."""
        self._breath.track.add(Span(start, start + max(length, 1), owner))

    def speech(self, start: int, length: int, owner: str = "") -> None:
        """Someone speaks or sings here with this body."""
        self._speech.add(Span(start, start + max(length, 1), owner))

    def cut(self, at: int, owner: str | None = None) -> None:
        """Interrupt: drop what has not begun by sample ``at`` (of ``owner``, or all speech and acting).

        The mouth closes within 80 ms, begun gestures and moods finish, the music is not touched.
        """
        self._mouth.track.cut(at, owner)
        self._speech.cut(at, owner)
        self._breath.track.cut(at, owner)
        self._face.track.drop_future(at, owner)
        self._gestures.track.drop_future(at, owner)
        self._clips.track.drop_future(at, owner)
        self._gaze.track.drop_future(at, owner)

    def forget(self, before: int) -> None:
        """Let go of cues that can no longer be seen at or after sample ``before``."""
        old = before - 6 * RATE
        tracks = (self._mouth.track, self._face.track, self._gaze.track, self._speech, self._breath.track,
                  self._gestures.track, self._clips.track)  # fmt: skip
        for track in tracks:
            track.forget(old)
        self._dance.beats.forget(old)
        self._dance.sections.forget(old, keep_last=True)

    @property
    def cues(self) -> int:
        """How many cues are held."""
        tracks = (self._mouth.track, self._face.track, self._gaze.track, self._speech, self._breath.track,
                  self._gestures.track, self._clips.track, self._dance.beats, self._dance.sections)  # fmt: skip
        return sum(len(t.spans) for t in tracks)

    # Frames -------------------------------------------------------------------------------------------------

    def frame(self, sample: int, out: PoseFrame | None = None) -> PoseFrame:
        """The body at a sample. With ``out`` it is filled in place and returned."""
        out = out if out is not None else PoseFrame()
        pose = self._pose
        pose[:] = 0.0
        lively = self._face.at(sample, out.expressions)
        emphasis = self._mouth.emphasis(sample)
        breath, inhale = self._breath.at(sample)
        dancing = self._dance.presence(sample)
        self._idle.apply(sample, pose, breath, lively, 1.0 - dancing, emphasis * (1.0 - dancing))
        self._dance.apply(sample, pose)
        self._gestures.apply(sample, pose, out.expressions, self._face.names)
        pose += self._face.pose
        eye_yaw, eye_pitch, head_yaw, head_pitch = self._gaze.at(sample)
        pose[INDEX["head.yaw"]] += head_yaw
        pose[INDEX["head.pitch"]] -= head_pitch
        pitch, yaw, _ = solve(pose, self._body, out.rotations, out.hips)
        person = self._person if self._person is not None and self._person.presence > 0.0 else None
        if person is not None or self._clips.active(sample):
            held = self._gestures.held(sample)
            if self._clips.active(sample):
                beats, energy = self._dance.counted(sample)
                self._clips.apply(sample, out, dancing, beats, energy, held)
            if person is not None:
                person_body(out, person, self._modes, held)
            pitch, yaw = head_angles(out.rotations)
        out.gaze = (_hold(eye_yaw - yaw, EYES[0]), _hold(eye_pitch + pitch, EYES[1]))
        self._expressions(sample, out, inhale)
        if person is not None:
            person_face(out, person, self._modes, self._idle.speaking(sample))
        return out

    def _expressions(self, sample: int, out: PoseFrame, inhale: float) -> None:
        """Mouth and lids over the mood."""
        t = sample / RATE
        weights = out.expressions
        shape = self._mouth.shape(sample)
        jaw = opening(shape)
        talk = self._idle.speaking(sample)
        for name in weights:
            if name in self._staring and weights[name] < _HINT:
                weights[name] = 0.0
            if name in self._mute:
                weights[name] *= 1.0 - talk
            elif name in _OPEN_FACES:
                weights[name] *= 1.0 - talk * _OPEN_FACES[name]
            elif not name.startswith("blink"):
                weights[name] *= 1.0 - _FACE_WHILE_TALKING * min(1.0, jaw * 1.3)
        idle = 0.012 * (1.0 + noise(self.seed, 301, t * 0.7)) * (1.0 - jaw)
        for name, value in zip(VOWELS, shape):
            weights[name] = min(1.0, value)
        weights["aa"] = min(1.0, weights["aa"] + max(idle, 0.2 * inhale * (1.0 - jaw)))
        lid = self._blinks.at(sample)
        shut = min(1.0, weights.get("happy", 0.0) * 0.5 + weights.get("blink", 0.0))
        weights["blink"] = max(weights.get("blink", 0.0), lid * (1.0 - shut * 0.5))


def _hold(angle: float, limit: float) -> float:
    """Eyes turn as far as they can; asked much farther, they give up and rest with the head."""
    size = abs(angle)
    eased = min(size, limit) * (1.0 - 0.75 * min_jerk((size - limit * 1.3) / (limit * 1.2)))
    return eased if angle >= 0 else -eased
