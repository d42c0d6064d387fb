"""Damaged motion files: refused in one line or read, never a crash, a hang or a flood of memory.

``LIMELIGHT_FUZZ=10000 pytest tests/avatar/motion/test_clips_fuzz.py`` runs the long form.
"""

from __future__ import annotations

import os
import random
import resource
import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.motion import clips
from avatar.rig.frame import PoseFrame
from tests.avatar.motion import make_clips as make
from tests.avatar.motion.test_clips import SHARED, small_vrma

EXAMPLES = int(os.environ.get("LIMELIGHT_FUZZ", "150"))
WORDS = (b"nan", b"-1", b"1e999", b"4294967295", b"0", b"{", b"}", b"null", b"[]", b"99999999", b'"x"', b"End")


def _seeds() -> list[tuple[str, bytes]]:
    found = [("a.vrma", small_vrma()), ("a.bvh", make.bvh({}, {0: 9.0, 8: 90.0})),
             ("a.vmd", make.vmd([("センター", k, (0, k, 0), (0, 0, 0, 1)) for k in range(9)]
                                + [("左足ＩＫ", k, (0, 0, k), (0, 0, 0, 1)) for k in range(9)],
                                [("あ", 3, 0.5), ("まばたき", 8, 1.0)]))]  # fmt: skip
    for path in ("vrma/test.vrma", "vrma/quaternius_Idle.vrma"):
        if (SHARED / path).is_file():
            found.append((path.rpartition("/")[2], (SHARED / path).read_bytes()))
    return found


SEEDS = _seeds()


def mutated(data: bytes, seed: int) -> bytes:
    """One to six cuts, flips, copies, words and huge numbers, most of them near the head, where the structure is."""
    rng, out = random.Random(seed), bytearray(data)
    for _ in range(rng.randint(1, 6)):
        size = max(len(out), 1)
        at = rng.randrange(size) if rng.random() < 0.4 else rng.randrange(min(size, 6000))
        kind = rng.randrange(7)
        if kind == 0:
            del out[at : at + rng.choice((1, 4, 40, size))]
        elif kind == 1:
            out[at : at + 1] = bytes([rng.randrange(256)])
        elif kind == 2:
            out[at : at + 4] = rng.choice((b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\xc0\x7f"))
        elif kind == 3:
            out[at:at] = out[at : at + rng.choice((1, 16, 200))]
        elif kind == 4:
            out[at : at + rng.randint(0, 3)] = rng.choice(WORDS)
        else:
            numbers = [i for i in range(at, min(at + 400, len(out))) if 48 <= out[i] <= 57]
            if numbers:
                where = rng.choice(numbers)
                out[where : where + 1] = rng.choice(WORDS)
    return bytes(out)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**31))
def test_damaged_files_do_no_harm(seed: int) -> None:
    name, data = SEEDS[seed % len(SEEDS)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    try:
        clip = clips.loads(mutated(data, seed), name)
        frame = PoseFrame()
        clip.bind().apply(clip.seconds / 2, frame)
        assert np.isfinite(frame.rotations).all()
        assert np.isfinite(frame.hips).all()
    except clips.ClipError as error:
        text = str(error)
        assert text.startswith(name)
        assert len(text.splitlines()) == 1, text
        assert len(text) < 400
    assert time.process_time() - begun < 2.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20
