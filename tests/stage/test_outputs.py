"""Encoder, MP4 file and CMAF chunks: what comes out decodes, and sound and picture agree."""

from __future__ import annotations

import io
import subprocess
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stage.clock import FrameClock
from stage.gateway.model import MediaChunk, MediaInit
from stage.outputs.cmaf import OVERHEAD, CmafSink, chunk
from stage.outputs.encode import EncodeError, Encoder
from stage.outputs.mp4 import MARK, Mp4Error, Mp4Writer

SIZE = (160, 96)


def picture(white: bool = False, shift: int = 0) -> np.ndarray:
    w, h = SIZE
    frame = np.full((h * 3 // 2, w), 128, np.uint8)
    frame[:h] = 235 if white else (40 + (np.arange(w) + shift) % 60)[None, :]
    return frame


def feed(encoder: Encoder, frames: int, fps: Fraction | int, flashes: tuple[int, ...] = (), start: int = 0) -> None:
    """A moving ramp that flashes white, and a click on the very sample at which each flash is shown."""
    clock = FrameClock(fps, start)
    sound = np.zeros((clock.sample(frames) - start, 2), np.float32)
    t = np.arange(64)
    for k in flashes:
        at = clock.sample(k) - start
        sound[at : at + 64] += (0.9 * np.exp(-t / 12) * np.cos(t * 0.9))[:, None].astype(np.float32)
    for k in range(frames):
        encoder.video(picture(k in flashes, k), clock.sample(k))
        a, b = clock.sample(k), clock.sample(k + 1)
        encoder.audio(sound[a - start : b - start], a)


def moments(data: object) -> tuple[list[float], list[float], int]:
    """Times of flashes and clicks, and the number of pictures, found by decoding."""
    flashes, pictures, level = [], 0, []
    with av.open(data) as box:
        for frame in box.decode(video=0):
            pictures += 1
            if frame.to_ndarray(format="gray").mean() > 200:
                flashes.append(float(frame.pts * frame.time_base))
    if isinstance(data, io.BytesIO):
        data.seek(0)
    with av.open(data) as box:
        for frame in box.decode(audio=0):
            level.append((frame.pts, np.abs(frame.to_ndarray()).max(axis=0)))
    first = level[0][0]
    sound = np.zeros(level[-1][0] - first + 4096)
    for at, x in level:
        sound[at - first : at - first + len(x)] = x
    clicks, k = [], 0
    loud = sound > 0.4
    while k < len(sound):
        if loud[k]:
            clicks.append((k + first + int(np.argmax(sound[k : k + 32])) - int(np.argmax(sound[k : k + 32]))) / 48000)
            k += 4000
        k += 1
    return flashes, clicks, pictures


@pytest.mark.parametrize("fps", [30, Fraction(24000, 1001)])
@pytest.mark.parametrize("start", [0, 48_000])
def test_flash_and_click_agree_in_mp4(tmp_path: Path, fps: Fraction | int, start: int) -> None:
    path = tmp_path / "show.mp4"
    with Encoder(SIZE, fps, 800_000, live=False) as encoder:
        encoder.add(Mp4Writer(path, title="A show"))
        feed(encoder, 60, fps, (10, 40), start)
    flashes, clicks, pictures = moments(str(path))
    clock = FrameClock(fps)
    assert pictures == 60
    assert len(flashes) == len(clicks) == 2
    for flash, click, k in zip(flashes, clicks, (10, 40)):
        assert abs(flash - clock.sample(k) / 48000) < 1e-4
        assert abs(flash - click) < 1e-3
    with av.open(str(path)) as box:
        assert box.metadata["title"] == "A show"
        assert box.metadata["comment"] == MARK
        assert (
            int(box.streams.video[0].codec_context.colorspace),
            int(box.streams.video[0].codec_context.color_range),
        ) == (1, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["show.mp4"]
    head = path.read_bytes()
    assert head.find(b"moov") < head.find(b"mdat")


def test_cmaf_decodes_and_agrees() -> None:
    parts: list[MediaInit | MediaChunk] = []
    with Encoder(SIZE, 30, 800_000, gop=15) as encoder:
        encoder.live = False
        encoder.add(CmafSink(parts.append))
        feed(encoder, 60, 30, (10, 40))
    inits = [p for p in parts if isinstance(p, MediaInit)]
    chunks = [p for p in parts if isinstance(p, MediaChunk)]
    assert len(inits) == 1
    assert inits[0].mime.startswith('video/mp4; codecs="avc1.')
    keys = [c.sample // 1600 for c in chunks if c.key]
    assert keys == [0, 15, 30, 45]
    flashes, clicks, pictures = moments(io.BytesIO(inits[0].data + b"".join(c.data for c in chunks)))
    assert pictures == 60
    assert [round(f * 30) for f in flashes] == [10, 40]
    assert max(abs(a - b) for a, b in zip(flashes, clicks)) < 1e-3
    assert len(chunk(b"xyz", 1, 1, 0, 1600, True)) == OVERHEAD + 3


def test_live_queue_drops_the_oldest_and_counts() -> None:
    encoder = Encoder(SIZE, 30, 800_000, queue=1)
    try:
        encoder._codecs.encode = lambda *a: __import__("time").sleep(0.05) or []  # type: ignore[method-assign]
        for k in range(20):
            encoder.video(picture(), k * 1600)
        health = encoder.health()
        assert health["frames_in"] == 20
        assert health["frames_dropped"] >= 15
        assert health["waiting"] <= 2
    finally:
        encoder.close()


class Sketch:
    """A picture that is made on the encoder's thread."""

    def __init__(self, size: tuple[int, int], freed: list[Sketch]) -> None:
        self.size, self.threads, self._freed = size, list[str](), freed

    def fill(self, planes: tuple[np.ndarray, ...]) -> None:
        self.threads.append(threading.current_thread().name)
        for plane, value in zip(planes, (120, 128, 128)):
            plane[:] = value

    def free(self) -> None:
        self._freed.append(self)


def test_a_picture_is_made_where_it_is_encoded_and_freed_once_whatever_became_of_it() -> None:
    freed: list[Sketch] = []
    with Encoder(SIZE, 30, 800_000, queue=2) as encoder:
        sketches = [Sketch(SIZE, freed) for _ in range(12)] + [Sketch((96, 64), freed)]
        for k, sketch in enumerate(sketches):
            encoder.picture(sketch, k * 1600)
    assert sorted(map(id, freed)) == sorted(map(id, sketches))
    made = [sketch.threads for sketch in sketches if sketch.threads]
    assert 0 < len(made) < 13
    assert all(threads == ["encoder"] for threads in made)
    assert encoder.health()["frames_dropped"] == 13 - len(made)


def test_new_size_gives_new_init_and_a_second_file(tmp_path: Path) -> None:
    parts: list[MediaInit | MediaChunk] = []
    with Encoder(SIZE, 30, 800_000, live=False) as encoder:
        encoder.add(CmafSink(parts.append))
        writer = Mp4Writer(tmp_path / "a.mp4")
        encoder.add(writer)
        feed(encoder, 10, 30)
        encoder.reconfigure((96, 64), 30)
        for k in range(10, 20):
            encoder.video(np.full((96, 96), 90, np.uint8), k * 1600)
            encoder.audio(np.zeros((1600, 2), np.float32), k * 1600)
    assert sum(isinstance(p, MediaInit) for p in parts) == 2
    after = [
        p
        for p in parts[parts.index(next(p for p in parts[1:] if isinstance(p, MediaInit))) :]
        if isinstance(p, MediaChunk)
    ]
    assert next(c for c in after if c.track == "video").key
    assert [p.name for p in writer.files] == ["a.mp4", "a-2.mp4"]


def test_failing_sink_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    class Broken:
        def open(self, streams: object) -> None: ...
        def packet(self, packet: object) -> None:
            raise OSError("disk on fire")

        def close(self) -> None: ...

    encoder = Encoder(SIZE, 30, 800_000, queue=30)
    encoder.add(Broken())
    encoder.add(Mp4Writer(tmp_path / "a.mp4"))
    feed(encoder, 10, 30)
    encoder.close()
    assert encoder.health()["failed"] == ["Broken: disk on fire"]
    assert (tmp_path / "a.mp4").exists()


def test_errors_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(Mp4Error, match="does not exist"):
        Mp4Writer(tmp_path / "no" / "a.mp4")
    with pytest.raises(EncodeError, match="even"):
        Encoder((161, 96), 30)


def test_nothing_is_left_of_an_aborted_file(tmp_path: Path) -> None:
    writer = Mp4Writer(tmp_path / "a.mp4")
    encoder = Encoder(SIZE, 30, live=False)
    encoder.add(writer)
    feed(encoder, 5, 30)
    encoder.close()
    assert (tmp_path / "a.mp4").exists()
    other = Mp4Writer(tmp_path / "b.mp4")
    encoder = Encoder(SIZE, 30, live=False)
    other.open(encoder.streams())
    other.abort()
    encoder.close()
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.skipif(subprocess.call(["which", "ffprobe"], stdout=subprocess.DEVNULL) != 0, reason="ffprobe is missing")
def test_ffprobe_reads_the_exact_duration(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with Encoder(SIZE, 30, live=False) as encoder:
        encoder.add(Mp4Writer(path))
        feed(encoder, 60, 30)
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=duration", "-of", "csv=p=0", str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert out.stderr == ""
    video, audio = (float(x) for x in out.stdout.split())
    assert abs(video - 2.0) < 1e-4
    assert abs(audio - 2.0) < 1e-4


def test_an_exception_leaves_no_file_and_offline_failures_are_raised(tmp_path: Path) -> None:
    def broken_off() -> None:
        with Encoder(SIZE, 30, live=False) as encoder:
            encoder.add(Mp4Writer(tmp_path / "a.mp4"))
            feed(encoder, 5, 30)
            raise KeyError("stop")

    with pytest.raises(KeyError):
        broken_off()
    assert list(tmp_path.iterdir()) == []

    class Full:
        def open(self, streams: object) -> None:
            raise OSError("disk full")

    def put_all(encoder: Encoder) -> None:
        feed(encoder, 30, 30)
        encoder.close()

    encoder = Encoder(SIZE, 30, live=False)
    encoder.add(Full())  # type: ignore[arg-type]
    with pytest.raises(EncodeError, match="Full: disk full"):
        put_all(encoder)
