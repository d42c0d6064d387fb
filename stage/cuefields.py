"""What a cue of each kind must carry to be performed: checked when a timeline comes from a file (``docs/timeline.md``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stage.files import reading
from stage.timeline import Cue, Timeline, TimelineError

LARGEST = 1 << 30
"""Bytes of a timeline that is read; a show of ten hours has about a tenth."""
LONGEST = 64 * 1024
"""Characters of one line."""

Text = Annotated[str, Field(max_length=2000)]
Unit = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Samples = Annotated[int, Field(ge=-(2**48), le=2**48)]
Levels = Annotated[list[Annotated[int, Field(ge=0, le=120)]], Field(max_length=10_000)]


class Fields(BaseModel):
    """What is performed; fields beside these are other rooms' matter."""

    model_config = ConfigDict(strict=True, extra="ignore")


class Mouth(Fields):
    """``viseme``; how far it opens."""

    viseme: Text
    weight: Unit = 1.0
    levels: Levels = []
    early: Annotated[int, Field(ge=0, le=48_000)] = 0


class Phoneme(Mouth):
    """``phoneme``."""

    symbol: Text


class Words(Fields):
    """``word`` and ``caption``."""

    text: Text
    sung: bool = False


class Named(Fields):
    """``reaction``."""

    name: Text


class Expression(Named):
    """``expression``."""

    weight: Unit = 1.0


class Gesture(Named):
    """``gesture``."""

    stroke: Samples


class Gaze(Fields):
    """``gaze``: a named target, or yaw and pitch in degrees."""

    target: Text | Annotated[list[Number], Field(min_length=2, max_length=2)]


class Beat(Fields):
    """``beat``."""

    beat: Samples
    energy: Unit


class Section(Named):
    """``section``."""

    energy: Unit


class Chord(Fields):
    """``chord``."""

    symbol: Text


class Camera(Fields):
    """``camera``."""

    shot: Text
    move: Text = ""


class Song(Fields):
    """``song``."""

    title: Text = ""


class Show(Fields):
    """``show``: whose it is, and the seed of what moves by itself."""

    character: Text
    seed: Annotated[int, Field(ge=0, le=2**63)]


FIELDS: dict[str, type[Fields]] = {
    "phoneme": Phoneme, "viseme": Mouth, "word": Words, "caption": Words, "reaction": Named, "expression": Expression,
    "gesture": Gesture, "gaze": Gaze, "beat": Beat, "section": Section, "chord": Chord, "camera": Camera, "song": Song,
    "show": Show,
}  # fmt: skip
"""Checks by kind; what is not named here is not performed and needs nothing."""


def checked(cue: Cue, place: str) -> Cue:
    """The cue, if it can be performed; :class:`TimelineError` names ``place``, the field and what it must be."""
    fields = FIELDS.get(cue.kind)
    if fields is not None:
        try:
            fields.model_validate(cue.data)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"][:1]) or "cue"
            raise TimelineError(
                f"{place}: {cue.kind} '{field}': {first['msg'].lower()}; see docs/timeline.md for its fields"
            ) from None
    return cue


def read_show(path: Path) -> Timeline:
    """The cues of a file, each of which can be performed; raises :class:`TimelineError` (file, line, remedy)."""
    timeline, number = Timeline(), 0
    with reading(path, "a timeline that a show wrote", TimelineError, LARGEST), path.open(encoding="utf-8") as stream:
        while line := stream.readline(LONGEST + 1):
            number += 1
            place = f"{path}:{number}"
            if len(line) > LONGEST:
                raise TimelineError(f"{place}: longer than {LONGEST} characters; one cue a line is expected")
            if line.strip():
                timeline.add(checked(Cue.from_json(line, place), place))
    if not len(timeline):
        raise TimelineError(f"{path}: holds no cue; give a timeline that a show wrote (--timeline)")
    return timeline
