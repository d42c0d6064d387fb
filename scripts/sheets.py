#!/usr/bin/env python3
"""Contact sheets of what the audience sees, small JPEGs in docs/pictures; run it when the wardrobe or a set changes.

python scripts/sheets.py                       # all of them
python scripts/sheets.py looks wardrobe        # performers from all sides, in all moods and vowels; other looks
python scripts/sheets.py stages                # the three sets, verse and chorus
python scripts/sheets.py camera --seconds 75   # the camera's work through a real show (makes the music too)
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from avatar.render.look import pose_frame
from avatar.render.picture import Picture
from avatar.render.scene import Camera, SceneState
from avatar.rig.rig import Rig
from avatar.vrm import load
from avatar.wardrobe import ensure, presets
from avatar.wardrobe.hair import STYLES
from characters.definition import Look, StageDefinition
from stage.actor import measure
from stage.clock import SAMPLE_RATE
from stage.director.camera import shot_cue
from stage.scenery import Scenery
from stage.timeline import Cue

OUT = Path(__file__).parent.parent / "docs" / "pictures"
PERFORMERS = {"lumi": "stars", "vesper": "pool", "bo": "rooftop"}
EMOTIONS = ("neutral", "happy", "angry", "sad", "relaxed", "surprised")
VOWELS = ("aa", "ih", "ou", "ee", "oh")
ANGLES = ((0, 0), (40, 0), (90, 0), (180, 0), (25, 35), (15, -22))


class Model:
    """A look as a model that can be photographed."""

    def __init__(self, look: Look, folder: str, name: str) -> None:
        self.model = load(ensure(look, folder, name))
        self.rig = Rig(self.model)
        self.palette = tuple(tuple(int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)) for c in look.palette[:3])
        self.height = look.height
        self.head = float(self.rig.rest_world[self.model.bones["head"]][1, 3])

    def settle(self, expressions: dict[str, float], camera: Camera, pose: str = "relaxed") -> None:
        """Pose, let hair and cloth come to rest, look at the lens where it is in sight."""
        now = pose_frame(pose)
        now.expressions = expressions
        self.rig.apply(now, 0.0)
        for _ in range(40):
            self.rig.apply(now, 1 / 60)
        if camera.position[2] > abs(camera.position[0]):
            now.gaze = self.rig.gaze_at(camera.position)
            self.rig.apply(now, 1 / 60)

    def shots(self, size: tuple[int, int], jobs: list[tuple[Camera, dict[str, float]]], backdrop: str) -> list[Any]:
        """One picture per (camera, expressions)."""
        picture, out = Picture(size, aa="msaa4"), []
        for camera, expressions in jobs:
            self.settle(expressions, camera)
            picture.draw(self.rig, SceneState(camera=camera, seconds=8.0, backdrop=backdrop, palette=self.palette))
            out.append(picture.read_rgb().copy())
        picture.release()
        return out

    def around(self, azimuth: float, elevation: float, middle: float, distance: float, fov: float = 26.0) -> Camera:
        """A camera that looks at the body's axis at a height."""
        a, e = math.radians(azimuth), math.radians(elevation)
        place = (math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e))
        return Camera((place[0] * distance, middle + place[1] * distance, place[2] * distance), (0, middle, 0), fov)

    def bodies(self, size: tuple[int, int], angles: Any, backdrop: str) -> list[Any]:
        """Full figures."""
        jobs = [(self.around(a, e, self.height / 2, self.height * 2.45), {"smile": 0.4}) for a, e in angles]
        return self.shots(size, jobs, backdrop)

    def faces(self, size: tuple[int, int], names: Any, backdrop: str) -> list[Any]:
        """Portraits, one an expression, from either side in turn."""
        middle, far = (self.height + self.head) / 2 - 0.02, (self.height - self.head) * 2.5
        jobs = [(self.around(12 if i % 2 else -12, 0, middle, far), {n: 1.0}) for i, n in enumerate(names)]
        return self.shots(size, jobs, backdrop)


def grid(pictures: list[Any], columns: int) -> Any:
    """Pictures of one size in rows."""
    h, w = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * h, columns * w, 3), np.uint8)
    for i, picture in enumerate(pictures):
        sheet[i // columns * h : (i // columns + 1) * h, i % columns * w : (i % columns + 1) * w] = picture
    return sheet


def save(sheet: Any, name: str, width: int = 1280) -> None:
    """A small JPEG in docs/pictures."""
    image = Image.fromarray(sheet)
    image.thumbnail((width, 4000), Image.Resampling.LANCZOS)
    image.save(OUT / name, quality=80, optimize=True)
    print(OUT / name)


def looks(folder: str) -> None:
    """The performers: from six sides, in six emotions, in five vowels, and as a thumbnail would show them."""
    for name, backdrop in PERFORMERS.items():
        model = Model(presets()[name], folder, name)
        top = grid(model.bodies((320, 560), ANGLES, backdrop), 6)
        faces = model.faces((320, 320), (*EMOTIONS, *VOWELS, "laugh"), backdrop)
        save(np.concatenate([top, grid(faces, 6)]), f"look-{name}.jpg")


def wardrobe(folder: str) -> None:
    """The other presets, and every hair style from the front and from behind."""
    rows = []
    for name in (n for n in presets() if n not in PERFORMERS):
        model = Model(presets()[name], folder, name)
        rows += model.bodies((320, 560), ((0, 0), (150, 0)), "rooftop")
    save(grid(rows, 8), "wardrobe-presets.jpg")
    heads = []
    for back in (False, True):
        for i, style in enumerate(STYLES):
            base = list(presets().values())[(0, 1, 6, 3, 5, 3, 4)[i % 7]]
            model = Model(base.model_copy(update={"hair_style": style}), folder, style)
            middle, far = (model.height + model.head) / 2 - 0.10, (model.height - model.head) * 3.4
            camera = model.around(150 if back else 20, 4, middle, far)
            heads += model.shots((300, 330), [(camera, {"smile": 0.6})], "pool")
    save(grid(heads, len(STYLES)), "wardrobe-hair.jpg")


def stages(folder: str) -> None:
    """Every set with its performer: a verse and a chorus, near and wide."""
    pictures = []
    for name, backdrop in PERFORMERS.items():
        look = presets()[name]
        model = Model(look, folder, name)
        scenery = Scenery(StageDefinition(set=backdrop, palette=look.palette), measure(model.rig), 16 / 9)
        picture = Picture((640, 360), aa="msaa4")
        for section, energy, chord, shots in (("verse", 0.25, "Am7", ("upper_left",)), ("chorus", 0.95, "Fmaj7", ("full", "wide"))):  # fmt: skip
            for shot in shots:
                now = SAMPLE_RATE * 9
                scenery.feed(
                    Cue(now - SAMPLE_RATE * 4, SAMPLE_RATE * 16, "section", {"name": section, "energy": energy})
                )
                scenery.feed(Cue(now - 4800, 20000, "beat"))
                scenery.feed(Cue(now - SAMPLE_RATE * 3, SAMPLE_RATE * 4, "chord", {"symbol": chord}))
                scenery.feed(Cue(now - 9600, SAMPLE_RATE * 3, "caption", {"text": "A paper cup on the windowsill", "sung": True}))  # fmt: skip
                scenery.feed(shot_cue(now - SAMPLE_RATE, SAMPLE_RATE * 4, shot, "still"))
                for k, kind in enumerate(("heart", "star", "note") if energy > 0.5 else ()):
                    scenery.feed(Cue(now - SAMPLE_RATE * 2 + k * 16000, 1, "reaction", {"name": kind, "fan": str(k)}))
                model.settle({"smile": 0.5, "aa": 0.5 * (energy > 0.5)}, scenery.at(now).camera)
                picture.draw(model.rig, scenery.at(now))
                picture.draw(model.rig, scenery.at(now + SAMPLE_RATE * 7 // 10))
                pictures.append(picture.read_rgb().copy())
        picture.release()
    save(grid(pictures, 3), "stages.jpg")


def camera(seconds: int, character: str) -> None:
    """A show from its first bar, a picture every two seconds: how the camera works through a song."""
    from characters import load as load_character
    from stage.performance import Performance, Settings
    from stage.script import Script, read_script

    with tempfile.TemporaryDirectory() as folder:
        script_file = Path(folder) / "chat.jsonl"
        script_file.write_text('{"at": 2, "fan": "mika", "text": "sing about rain", "kind": "chat"}\n')
        script = Script(read_script(script_file))
        show = Performance(Settings(load_character(character), seed=4, seconds=float(seconds), width=480, height=270))
        picture = Picture((480, 270), aa="fxaa")
        picture.set_model(show.actor.model)
        pictures = []
        try:
            for frame in range(seconds * 30):
                sample = show.clock.sample(frame)
                show.direct(sample, script.until(sample))
                show.sound(show.clock.length(frame))
                show.actor.draw(picture, sample)
                if frame % 75 == 70:
                    pictures.append(picture.read_rgb().copy())
        finally:
            picture.release()
            show.close()
    save(grid(pictures[: len(pictures) // 6 * 6], 6), "camera.jpg", 1440)


def main() -> None:
    """Draw what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["looks", "wardrobe", "stages", "camera", []])
    parser.add_argument("--seconds", type=int, default=75)
    parser.add_argument("--character", default="lumi")
    asked = parser.parse_args()
    what = asked.what or ["looks", "wardrobe", "stages", "camera"]
    with tempfile.TemporaryDirectory() as folder:
        for name in what:
            if name == "camera":
                camera(asked.seconds, asked.character)
            else:
                {"looks": looks, "wardrobe": wardrobe, "stages": stages}[name](folder)


if __name__ == "__main__":
    main()
