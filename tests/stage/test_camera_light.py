"""Camera and light: film grammar and no flashing, as pure functions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from avatar.render.picture import camera_matrices
from avatar.render.scene import SceneState
from characters.definition import StageDefinition
from stage.clock import SAMPLE_RATE
from stage.director.camera import MOVES, SHOTS, Measures, place, plan_section, shot_cue
from stage.director.light import LightState, chord_mood, pulse
from stage.scenery import Scenery

BARS = [bar * 84_000 for bar in range(9)]


@pytest.mark.parametrize("name", ["intro", "verse", "chorus", "bridge", "outro"])
def test_shots_cut_on_bar_lines_hold_two_bars_and_cover_the_section(name: str) -> None:
    for seed in range(30):
        cues = plan_section(0, BARS, name, 0.8, str(seed), "song1")
        assert all(cue.sample in BARS and cue.end in BARS for cue in cues)
        assert all(cue.length >= 2 * 84_000 for cue in cues)
        assert cues[0].sample == 0
        assert cues[-1].end == BARS[-1]
        assert all(a.data["shot"] != b.data["shot"] for a, b in zip(cues, cues[1:]))


@pytest.mark.parametrize("shot", sorted(SHOTS))
@pytest.mark.parametrize("move", MOVES)
def test_every_shot_keeps_the_eyes_in_the_upper_half_and_moves_smoothly(shot: str, move: str) -> None:
    cue, body = shot_cue(0, 8 * SAMPLE_RATE, shot, move), Measures()
    places = [place(cue, k * 1600, body, 16 / 9) for k in range(240)]
    heights = []
    for camera in places:
        eye = np.array([0, body.eyes, 0]) - np.array(camera.position)
        forward = np.array(camera.target) - np.array(camera.position)
        distance = float(np.linalg.norm(forward))
        forward /= distance
        up = np.array([0, 1, 0]) - forward * forward[1]
        up /= np.linalg.norm(up)
        heights.append(float(eye @ up / (eye @ forward)) / np.tan(np.radians(camera.fov / 2)))
        assert camera.position[1] > 0.05
    assert all(-0.05 < h < 0.9 for h in heights)
    steps = np.abs(np.diff([c.position for c in places], axis=0)).max()
    assert steps < 0.02


def test_a_performer_seen_from_the_side_stands_at_a_third() -> None:
    for shot, sign in (("upper_left", 1), ("close_right", -1), ("upper", 0)):
        camera = place(shot_cue(0, 8 * SAMPLE_RATE, shot, "still"), 0, Measures(), 16 / 9)
        forward = np.array(camera.target) - np.array(camera.position)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0, 1, 0])
        her = np.array([0, camera.target[1], 0]) - np.array(camera.position)
        across = float(her @ right / (her @ forward)) / np.tan(np.radians(camera.fov / 2)) / (16 / 9)
        assert across == pytest.approx(sign * 0.3, abs=0.06)
        upright = place(shot_cue(0, 8 * SAMPLE_RATE, shot, "still"), 0, Measures(), 9 / 16)
        assert upright.target[0] == 0.0, "a narrow picture keeps her in the middle"


def test_the_camera_stays_in_front_of_the_set() -> None:
    """Towers stand 2.2 m behind her, the roof's edge 4 m: no shot or move comes near, none looks from behind."""
    for shot in SHOTS:
        for move in MOVES:
            for k in range(9):
                camera = place(shot_cue(0, 8 * SAMPLE_RATE, shot, move), k * SAMPLE_RATE, Measures(top=1.9), 16 / 9)
                assert camera.position[2] > 0.5
                assert abs(camera.position[0]) < camera.position[2]
                assert 0.1 <= camera.position[1] < 4.0


def test_the_rim_light_follows_chord_and_palette() -> None:
    light, scene = LightState(), SceneState(palette=((0.1, 0.1, 0.3), (1.0, 1.0, 0.0), (1.0, 0.0, 0.0)))
    light.chord(0, "Fdim")
    light.apply(scene, 10 * SAMPLE_RATE)
    dark = scene.rim.colour
    light.chord(10 * SAMPLE_RATE, "Caug")
    light.apply(scene, 20 * SAMPLE_RATE)
    assert dark[1] > scene.rim.colour[1] + 0.2
    assert max(scene.ambient) < 0.4


def test_chords_have_moods() -> None:
    assert chord_mood("Am7") < 0 < chord_mood("Fmaj7")
    assert chord_mood("Bdim") < chord_mood("Dm")
    assert chord_mood("F#m/A") < 0


def test_beat_pulses_never_jump() -> None:
    values = np.array([pulse(sample, 0, 20_000) for sample in range(0, 40_000, 1600)])
    assert values.max() <= 1
    assert pulse(-1, 0, 100) == 0
    light, scene = LightState(), SceneState()
    light.section(0, "verse", 0.3)
    light.section(96_000, "chorus", 0.95)
    beams = []
    for sample in range(0, 192_000, 1600):
        light.apply(scene, sample)
        beams.append(scene.beams)
    assert max(np.abs(np.diff(beams))) < 0.06


@pytest.mark.parametrize("turn", [(0.3, 0.0, 0.0), (0.0, 0.4, 0.0), (0.0, 0.0, 0.25), (0.2, -0.3, -0.2)])
def test_the_face_shot_keeps_the_face_in_its_place_and_upright(turn: tuple[float, float, float]) -> None:
    rest = np.eye(4, dtype=np.float32)
    rest[:3, 3] = (0.0, 1.3, 0.0)
    now = np.eye(4, dtype=np.float32)
    now[:3, :3] = Rotation.from_euler("xyz", turn).as_matrix()
    now[:3, 3] = (0.1, 1.25, 0.05)
    scenery = Scenery(StageDefinition(), Measures(), 16 / 9)
    scenery.feed(shot_cue(0, SAMPLE_RATE, "face", "still"))
    seen = []
    for head in (rest, now):
        scenery.follow(head, rest)
        view, projection = camera_matrices(scenery.at(100), 16 / 9)
        points = head @ np.array([[0.0, 0.0, 0.05, 1.0], [0.03, 0.05, 0.08, 1.0], [-0.04, 0.1, 0.02, 1.0]]).T
        clip = projection @ view @ points
        seen.append(clip[:2] / clip[3])
    assert seen[1] == pytest.approx(seen[0], abs=1e-3)
