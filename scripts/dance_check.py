#!/usr/bin/env python3
"""An outside check of the dance: what a viewer with a stopwatch and a ruler would measure on the posed skeleton.

    python scripts/dance_check.py --bpm 124 --seconds 60 --seed 1 --json

It composes a song, lets the performer dance to its beats, poses the character's model 120 times a second, and from then
on looks at nothing but places of bones: strokes (minima of a joint's speed after a movement) against the beats, planted
feet, arms against the body, and how alike any two stretches of the dance are.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

RATE, FPS = 48_000, 120
JOINTS = ("leftHand", "rightHand", "head", "hips", "leftLowerArm", "rightLowerArm", "leftFoot", "rightFoot")
WINDOW = 0.040
"""Seconds from a beat that still count as on it."""


def danced(
    bpm: float, seconds: float, seed: int, character: str, whole: float = 0.0
) -> tuple[dict[str, np.ndarray], np.ndarray, dict]:
    """Places (n, 3) of bones in metres over time, the beats in seconds, and measures of the body."""
    from audio.compose import Wish, beats, compose, sections
    from avatar import vrm
    from avatar.motion import Performer
    from avatar.rig import Rig
    from characters import load
    from stage.actor import body_of

    definition = load(character)
    song = compose(definition, Wish(tempo=bpm, seed=seed, length_seconds=(whole or seconds) + 8))
    rig = Rig(vrm.load(body_of(definition)))
    body = Performer(seed)
    body.wear(rig)
    parts = list(sections(song))
    places = list(beats(song))
    for start, length, section in parts:
        body.section(start, length, section.name, section.energy)
    for (sample, _, beat), following in zip(places, [*places[1:], None]):
        length = following[0] - sample if following else round(RATE * 60 / bpm)
        energy = next((s.energy for a, n, s in parts if a <= sample < a + n), 0.5)
        body.beat(sample, length, beat == 0, energy)
    body.speech(0, int((whole or seconds) * RATE), "song")
    names = list(rig.model.bones)
    nodes = [rig.model.bones[n] for n in names]
    rest = rig.world[nodes, :3, 3].copy()
    track = np.empty((int(seconds * FPS), len(names), 3))
    for k in range(len(track)):
        rig.apply(body.frame(k * RATE // FPS), 0.0)
        track[k] = rig.world[nodes, :3, 3]
    at = {n: track[:, i] for i, n in enumerate(names)}
    size = {n: rest[i] for i, n in enumerate(names)}
    size["torso"] = torso(rig)
    return at, np.array([s / RATE for s, _, _ in places]), size


def torso(rig) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Half width and half depth (metres) of the trunk, from the vertices that hang on chest and spine."""
    model = rig.model
    skin = rig.world[model.skin_nodes] @ model.inverse_bind
    points = np.concatenate([model.positions, np.ones((len(model.positions), 1))], 1)
    main = model.joints[np.arange(len(points)), model.weights.argmax(1)]
    mine = np.isin(
        model.skin_nodes[main], [model.bones[b] for b in ("spine", "chest", "upperChest") if b in model.bones]
    )
    spots = np.einsum("vij,vj->vi", skin[main[mine]], points[mine])[:, :3]
    middle = rig.world[model.bones["chest"], :3, 3] if "chest" in model.bones else spots.mean(0)
    return np.array(
        [np.percentile(np.abs(spots[:, 0] - middle[0]), 75), np.percentile(np.abs(spots[:, 2] - middle[2]), 75)]
    )


def strokes(path: np.ndarray) -> np.ndarray:
    """Times (seconds) at which a movement of a joint arrives: a minimum of its speed, well under the peak before it."""
    smooth = np.stack([np.convolve(np.pad(path[:, i], 3, "edge"), np.ones(7) / 7, "valid") for i in range(3)], 1)
    speed = np.linalg.norm(np.gradient(smooth, 1 / FPS, axis=0), axis=1)
    found, peak = [], 0.0
    for k in range(1, len(speed) - 1):
        peak = max(peak, speed[k])
        if speed[k] <= speed[k - 1] and speed[k] < speed[k + 1] and peak > 0.12 and speed[k] < 0.5 * peak:
            after = speed[k : k + FPS].max()
            if after > 0.06 or speed[k] < 0.03:
                found.append(k / FPS)
                peak = 0.0
    return np.array(found)


def on_beat(times: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Distance (seconds, signed) of each time to its nearest beat."""
    near = beats[np.abs(times[:, None] - beats[None]).argmin(1)]
    return times - near


def slide(path: np.ndarray, ground: float) -> float:
    """Farthest way (metres) that a planted foot goes along the floor while it is planted."""
    down = path[:, 1] < ground + 0.008
    worst, k = 0.0, 0
    while k < len(down):
        end = k
        while end < len(down) and down[end]:
            end += 1
        if end - k >= FPS // 8:
            flat = path[k:end, [0, 2]]
            worst = max(worst, float(np.ptp(flat, axis=0).max()))
        k = max(end, k + 1)
    return worst


def through(at: dict[str, np.ndarray], size: dict[str, np.ndarray]) -> dict[str, float]:
    """Deepest that arms go into trunk and head (metres, 0: never), and the least distance of the two shins."""
    half_width, half_depth = size["torso"]
    low, high = at["hips"], at["neck"]
    deep = 0.0
    for side in ("left", "right"):
        elbow, wrist = at[f"{side}LowerArm"], at[f"{side}Hand"]
        tip = at.get(f"{side}MiddleProximal", wrist)
        for share in np.linspace(0, 1, 7):
            for point in (elbow + (wrist - elbow) * share, wrist + (tip - wrist) * share):
                up = (point[:, 1] - low[:, 1]) / (high[:, 1] - low[:, 1])
                axis = low + (high - low) * up[:, None]
                away = np.hypot((point[:, 0] - axis[:, 0]) / half_width, (point[:, 2] - axis[:, 2]) / half_depth)
                inside = (up > 0.1) & (up < 0.95) & (away < 1)
                deep = max(deep, float(((1 - away) * min(half_width, half_depth))[inside].max(initial=0.0)))
                skull = at["head"] + np.array([0, 0.5 * (size["head"][1] - size["neck"][1]) + 0.05, 0.0])
                deep = max(deep, float((0.075 - np.linalg.norm(point - skull, axis=1)).max()))
    shins = min(
        float(np.linalg.norm(at["leftLowerLeg"] + (at["leftFoot"] - at["leftLowerLeg"]) * a
                             - at["rightLowerLeg"] - (at["rightFoot"] - at["rightLowerLeg"]) * b, axis=1).min())
        for a in (0, 0.5, 1) for b in (0, 0.5, 1)
    )  # fmt: skip
    return {"deepest_cm": round(100 * max(deep, 0.0), 2), "shins_apart_cm": round(100 * shins, 2)}


def alike(at: dict[str, np.ndarray], bpm: float) -> dict[str, float]:
    """Least mean distance (cm) of hands, head and hips between any two stretches of four bars; and of eight."""
    path = np.concatenate([at[j] for j in ("leftHand", "rightHand", "head", "hips")], 1)[:: FPS // 12]
    out = {}
    for bars in (4, 8):
        n = round(bars * 4 * 60 / bpm * 12)
        best = 1e9
        for lag in range(n, len(path) - n, 3):
            gap = np.linalg.norm((path[lag:] - path[:-lag]).reshape(-1, 4, 3), axis=2).mean(1)
            best = min(best, float(np.convolve(gap, np.ones(n) / n, "valid").min()))
        out[f"nearest_{bars}_bars_cm"] = round(100 * best, 2)
    return out


def measure(bpm: float, seconds: float, seed: int, character: str) -> dict[str, object]:
    """All figures of one dance."""
    at, beats, size = danced(bpm, seconds, seed, character)
    away, by_joint = [], {}
    for joint in JOINTS:
        times = strokes(at[joint])
        times = times[(times > 2.0) & (times < min(seconds, beats[-1]) - 0.5)]
        gaps = on_beat(times, beats)
        away.append(gaps)
        by_joint[joint] = f"{(np.abs(gaps) <= WINDOW).mean():.0%} of {len(gaps)}" if len(gaps) else "none"
    gaps = np.concatenate(away)
    again, _, _ = danced(bpm, min(seconds, 6.0), seed, character, seconds)
    same = all(np.array_equal(again[j], at[j][: len(again[j])]) for j in JOINTS)
    ground = {s: min(size[f"{s}Toes"][1], at[f"{s}Toes"][:, 1].min()) for s in ("left", "right")}
    return {
        "bpm": bpm, "seconds": seconds, "seed": seed, "strokes": len(gaps),
        "on_beat": round(float((np.abs(gaps) <= WINDOW).mean()), 4), "mean_ms": round(1000 * float(gaps.mean()), 1),
        "by_joint": by_joint,
        "slide_cm": round(100 * max(slide(at[f"{s}Toes"], ground[s]) for s in ("left", "right")), 2),
        **through(at, size), **alike(at, bpm), "repeatable": same,
    }  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bpm", type=float, default=124.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--character", default="lumi")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    facts = measure(args.bpm, args.seconds, args.seed, args.character)
    if args.json:
        print(json.dumps(facts))
    else:
        for name, value in facts.items():
            print(f"{name:<20} {value}")


if __name__ == "__main__":
    main()
