"""One encode, many sinks: H.264 and AAC made once, handed as packets to every output of the show.

Times are samples of the show's clock (48 kHz). A video packet's time is the sample its frame shows; an AAC
packet's time is the first sample it *sounds*, so the encoder's 1024 samples of priming appear as one packet
with a time 1024 before the first sample put in, and sound and picture agree to the sample.

x264 runs in the encoder's own thread (libavcodec releases the interpreter lock), fed by a bounded queue:

``live``     the queue holds ``queue`` frames; when it is full the oldest waiting frame is dropped (newest wins)
``offline``  :meth:`Encoder.video` waits for room: no frame is ever dropped

Sound is never dropped; it is bounded by ten seconds, then the caller waits (offline) or it is an error counter.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import av
import numpy as np
from numpy.typing import NDArray

from stage.clock import SAMPLE_RATE, FrameClock
from stage.outputs.source import Source, Still

TICK = Fraction(1, SAMPLE_RATE)
AAC_FRAME = 1024
_GLOBAL_HEADER = 1 << 22
_SOUND_LIMIT = 10 * SAMPLE_RATE
_BT709, _LIMITED = 1, 1


class EncodeError(RuntimeError):
    """The encoder cannot be opened or has failed: one line with the remedy."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded picture or 1024 samples of sound. Times in samples; ``data`` is Annex B H.264 or raw AAC."""

    data: bytes
    track: str
    pts: int
    dts: int
    duration: int
    key: bool


@dataclass(frozen=True, slots=True)
class Streams:
    """What a sink needs to describe the packets that follow: PyAV streams to take as templates, and their facts."""

    video: Any
    audio: Any
    size: tuple[int, int]
    fps: Fraction
    codecs: str
    """RFC 6381, for example ``avc1.42C01F,mp4a.40.2``."""


class Sink(Protocol):
    """Takes the packets of a show; called from the encoder's thread only, so it must not wait."""

    def open(self, streams: Streams) -> None:
        """Packets described by ``streams`` follow; called again when the picture's size or rate changes."""

    def packet(self, packet: Packet) -> None:
        """One packet, in the order of encoding."""

    def close(self) -> None:
        """No more packets."""


class _Codecs:
    """The two open codecs. They belong to a container that writes nowhere, so sinks can take them as templates."""

    def __init__(self, size: tuple[int, int], fps: Fraction, **settings: Any) -> None:
        import io

        self.size, self.fps = size, fps
        self._box = av.open(io.BytesIO(), "w", format="null")
        self.stream: Any = self._box.add_stream("libx264", rate=fps)
        self.stream.width, self.stream.height = size
        self.stream.pix_fmt = "yuv420p"
        self.stream.time_base = TICK
        options = {"preset": settings["preset"], "profile": settings["profile"], "forced-idr": "1"}
        if settings["live"]:
            options["tune"] = "zerolatency"
        self.codec: Any = self.stream.codec_context
        self.codec.time_base = TICK
        self.codec.options = options
        self.codec.flags |= _GLOBAL_HEADER
        self.codec.bit_rate = settings["bitrate"]
        self.codec.gop_size = settings["gop"]
        self.codec.max_b_frames = 0
        self.codec.thread_count = settings["threads"]
        self.codec.color_range = _LIMITED
        self.codec.colorspace = self.codec.color_primaries = self.codec.color_trc = _BT709
        try:
            self._box.start_encoding()  # opens the codec and fills the stream's parameters, which sinks copy
        except (av.FFmpegError, ValueError) as error:
            raise EncodeError(f"H.264 encoder cannot open at {size[0]}x{size[1]}: {error}; use an even size") from None
        # Two pictures in turn: libx264 copies its input before encode() returns, one is enough, two is margin.
        self._pictures = [av.VideoFrame(size[0], size[1], "yuv420p") for _ in range(2)]
        for picture in self._pictures:
            picture.time_base = TICK
            picture.colorspace, picture.color_range = _BT709, _LIMITED
        self._turn = 0

    def encode(self, source: Source, sample: int, key: bool) -> list[Any]:
        """Packets that came out after the picture of ``source`` shown at ``sample``."""
        self._turn ^= 1
        picture: Any = self._pictures[self._turn]
        source.fill(tuple(np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size) for plane in picture.planes))
        picture.pts = sample
        picture.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
        return list(self.codec.encode(picture))

    def flush(self) -> list[Any]:
        """The packets still inside."""
        return list(self.codec.encode(None))


def _codec_string(extradata: bytes) -> str:
    """``avc1.PPCCLL`` from the sequence parameter set in Annex B extradata (ISO 14496-15, 3.3)."""
    at = extradata.find(b"\x00\x00\x01\x67")
    if at < 0:
        return "avc1.42C01F"
    return "avc1." + extradata[at + 4 : at + 7].hex().upper()


class Encoder:
    """Encodes the show once and hands the packets to every sink.

    ``size`` (width, height) even numbers; ``gop`` frames between key frames (two seconds when 0); ``threads`` of
    x264; ``live`` chooses the policy of the full queue and x264's zero latency.
    """

    def __init__(
        self,
        size: tuple[int, int],
        fps: Fraction | int | float,
        video_bitrate: int = 3_000_000,
        gop: int = 0,
        preset: str = "ultrafast",
        *,
        profile: str = "",
        audio_bitrate: int = 160_000,
        threads: int = 1,
        live: bool = True,
        queue: int = 3,
    ) -> None:
        self.live = live
        self._settings = {
            "preset": preset,
            "profile": profile or ("baseline" if live else "main"),
            "bitrate": video_bitrate,
            "threads": threads,
            "live": live,
        }
        self._gop = gop
        self._capacity = max(1, queue)
        self._codecs = self._open(size, FrameClock(fps).fps)
        self._sound = self._open_sound(audio_bitrate)
        self._sinks: list[Sink] = []
        self._failed: list[str] = []
        self._wake = threading.Condition()
        self._jobs: deque[tuple[str, Any, int]] = deque()
        self._waiting_pictures = 0
        self._waiting_sound = 0
        self._spare: list[NDArray[np.uint8]] = []
        self._force_key = True
        self._closed = False
        self._sound_at: int | None = None
        self._sound_have = 0
        self._sound_buffer = np.zeros((2, AAC_FRAME), np.float32)
        self._counts = {"frames_in": 0, "frames_out": 0, "frames_dropped": 0, "audio_packets": 0, "audio_gaps": 0}
        self._busy = 0.0
        self._bytes = 0
        self._thread = threading.Thread(target=self._run, name="encoder", daemon=True)
        self._thread.start()

    # Setting up ------------------------------------------------------------------------------------------------

    def _open(self, size: tuple[int, int], fps: Fraction) -> _Codecs:
        if size[0] % 2 or size[1] % 2 or min(size) < 16:
            raise EncodeError(f"size {size[0]}x{size[1]} cannot be encoded; use even numbers of at least 16")
        gop = self._gop or max(1, round(float(fps) * 2))
        return _Codecs(size, fps, gop=gop, **self._settings)

    @staticmethod
    def _open_sound(bitrate: int) -> Any:
        import io

        box = av.open(io.BytesIO(), "w", format="null")
        stream: Any = box.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        stream.codec_context.flags |= _GLOBAL_HEADER
        stream.codec_context.bit_rate = bitrate
        stream.codec_context.time_base = TICK
        box.start_encoding()
        return (box, stream)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures now expected."""
        return self._codecs.size

    def streams(self) -> Streams:
        """Description of the packets now being made."""
        return Streams(
            self._codecs.stream,
            self._sound[1],
            self._codecs.size,
            self._codecs.fps,
            f"{_codec_string(bytes(self._codecs.codec.extradata))},mp4a.40.2",
        )

    def add(self, sink: Sink) -> None:
        """Give ``sink`` every packet from the next key frame on (a key frame is made at once)."""
        self._put("add", sink, 0)

    def remove(self, sink: Sink) -> None:
        """Close ``sink`` and forget it."""
        self._put("remove", sink, 0)

    def reconfigure(self, size: tuple[int, int], fps: Fraction | int | float) -> None:
        """Change the picture from the next frame on; sinks are opened anew, sound runs on unbroken."""
        codecs = self._open(size, FrameClock(fps).fps)
        self._put("codecs", codecs, 0)

    # Feeding ---------------------------------------------------------------------------------------------------

    def video(self, i420: NDArray[np.uint8], sample: int) -> None:
        """Encode one picture, uint8 (h*3//2, w) I420 (BT.709, limited), shown at ``sample``; the array is copied."""
        self.picture(Still(i420, self._spare), sample)

    def picture(self, source: Source, sample: int) -> None:
        """Encode one picture, shown at ``sample``, that is made I420 on the encoder's thread."""
        self._check()
        with self._wake:
            self._counts["frames_in"] += 1
            while self._waiting_pictures >= self._capacity:
                if self.live:
                    self._drop_oldest()
                else:
                    self._wake.wait(1.0)
                    self._check()
            self._waiting_pictures += 1
            self._jobs.append(("video", source, sample))
            self._wake.notify_all()

    def _drop_oldest(self) -> None:
        for at, job in enumerate(self._jobs):
            if job[0] == "video":
                del self._jobs[at]
                job[1].free()
                self._waiting_pictures -= 1
                self._counts["frames_dropped"] += 1
                return

    def audio(self, pcm: NDArray[np.float32], sample: int) -> None:
        """Encode sound float32 (n, 2) whose first sample is ``sample``; a hole is filled with silence."""
        self._check()
        block = np.ascontiguousarray(pcm, np.float32).copy()
        with self._wake:
            while self._waiting_sound > _SOUND_LIMIT:
                if self.live:
                    self._counts["audio_gaps"] += 1
                    return
                self._wake.wait(1.0)
                self._check()
            self._waiting_sound += len(block)
            self._jobs.append(("audio", block, sample))
            self._wake.notify_all()

    def _put(self, kind: str, what: Any, sample: int) -> None:
        self._check()
        with self._wake:
            self._jobs.append((kind, what, sample))
            self._wake.notify_all()

    def _check(self) -> None:
        if self._closed:
            raise EncodeError("the encoder is closed")
        if self._failed and not self.live:
            raise EncodeError(self._failed[-1])
        if not self._thread.is_alive():
            raise EncodeError(f"the encoder has failed: {self._failed[-1] if self._failed else 'its thread ended'}")

    def close(self, wait: float = 60.0) -> None:
        """Encode what is waiting, flush both codecs, close every sink. Offline, a sink that failed is raised here."""
        if self._closed:
            return
        self._end("end", wait)
        if self._failed and not self.live:
            raise EncodeError(self._failed[-1])

    def abort(self, wait: float = 10.0) -> None:
        """Stop without finishing: sinks throw away what they have written."""
        if not self._closed:
            with self._wake:
                self._jobs.clear()
            self._end("abort", wait)

    def _end(self, how: str, wait: float) -> None:
        with self._wake:
            self._closed = True
            self._jobs.append((how, None, 0))
            self._wake.notify_all()
        self._thread.join(wait)

    def __enter__(self) -> Encoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def health(self) -> dict[str, Any]:
        """Counters: frames in, out, dropped; packets; seconds of encoding; waiting; failed sinks by message."""
        frames = max(1, self._counts["frames_out"])
        return dict(self._counts) | {
            "waiting": self._waiting_pictures,
            "encode_ms": 1000 * self._busy / frames,
            "bytes": self._bytes,
            "size": list(self._codecs.size),
            "failed": list(self._failed),
        }

    # The encoder's thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while True:
                with self._wake:
                    while not self._jobs:
                        self._wake.wait()
                    kind, what, sample = self._jobs.popleft()
                    if kind == "video":
                        self._waiting_pictures -= 1
                        self._wake.notify_all()
                if kind == "abort":
                    self._abort_sinks()
                    return
                self._do(kind, what, sample)
                if kind == "end":
                    return
        except Exception as error:
            self._failed.append(f"encoder: {error}")
            self._abort_sinks()

    def _abort_sinks(self) -> None:
        for sink in self._sinks:
            self._to(sink, "abort" if hasattr(sink, "abort") else "close")
        self._sinks = []

    def _do(self, kind: str, what: Any, sample: int) -> None:
        if kind == "video":
            self._encode_picture(what, sample)
        elif kind == "audio":
            self._encode_sound(what, sample)
        elif kind == "add":
            self._sinks.append(what)
            self._force_key = True
            self._to(what, "open", self.streams())
        elif kind == "remove" and what in self._sinks:
            self._to(what, "close")
            self._sinks = [s for s in self._sinks if s is not what]
        elif kind == "codecs":
            self._flush_pictures()
            self._codecs = what
            self._force_key = True
            for sink in list(self._sinks):
                self._to(sink, "open", self.streams())
        elif kind == "end":
            self._finish()

    def _encode_picture(self, source: Source, sample: int) -> None:
        began = time.perf_counter()
        packets: list[Any] = []
        if source.size == self._codecs.size:
            packets = self._codecs.encode(source, sample, self._force_key)
            self._force_key = False
        else:
            with self._wake:
                self._counts["frames_dropped"] += 1
        source.free()
        self._busy += time.perf_counter() - began
        self._give_pictures(packets)

    def _give_pictures(self, packets: list[Any]) -> None:
        length = int(SAMPLE_RATE / self._codecs.fps)
        for p in packets:
            self._counts["frames_out"] += 1
            self._give(Packet(bytes(p), "video", p.pts, p.dts, length, bool(p.is_keyframe)))

    def _flush_pictures(self) -> None:
        self._give_pictures(self._codecs.flush())

    def _encode_sound(self, block: NDArray[np.float32], sample: int) -> None:
        if self._sound_at is None:
            self._sound_at = sample
        at = self._sound_at + self._sound_have
        with self._wake:
            self._waiting_sound -= len(block)
            self._wake.notify_all()
        if sample > at:
            self._counts["audio_gaps"] += 1
            hole = min(sample - at, _SOUND_LIMIT)
            self._feed(np.zeros((2, hole), np.float32))
            if sample - at > hole:  # a very long hole: jump, the packets' times say so
                self._sound_at = sample - self._sound_have
        elif sample < at:
            self._counts["audio_gaps"] += 1
            block = block[at - sample :]
        self._feed(block.T)

    def _feed(self, planar: NDArray[np.float32]) -> None:
        done, total = 0, planar.shape[1]
        while done < total:
            n = min(AAC_FRAME - self._sound_have, total - done)
            self._sound_buffer[:, self._sound_have : self._sound_have + n] = planar[:, done : done + n]
            self._sound_have += n
            done += n
            if self._sound_have == AAC_FRAME:
                self._emit_sound(AAC_FRAME)

    def _emit_sound(self, length: int) -> None:
        assert self._sound_at is not None
        frame: Any = av.AudioFrame("fltp", "stereo", length)
        frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE, TICK, self._sound_at
        for channel, plane in enumerate(frame.planes):
            target = np.frombuffer(plane, np.float32)
            target[:length] = self._sound_buffer[channel, :length]
        self._sound_at += length
        self._sound_have = 0
        self._give_sound(self._sound[1].codec_context.encode(frame))

    def _give_sound(self, packets: list[Any]) -> None:
        for p in packets:
            self._counts["audio_packets"] += 1
            self._give(Packet(bytes(p), "audio", p.pts, p.pts, p.duration or AAC_FRAME, True))

    def _give(self, packet: Packet) -> None:
        self._bytes += len(packet.data)
        for sink in list(self._sinks):
            self._to(sink, "packet", packet)

    def _to(self, sink: Sink, what: str, *arguments: Any) -> None:
        """Call a sink; one that fails is taken off and named, the show goes on."""
        try:
            getattr(sink, what)(*arguments)
        except Exception as error:
            self._failed.append(f"{type(sink).__name__}: {error}")
            self._sinks = [s for s in self._sinks if s is not sink]
            abort = getattr(sink, "abort", None)
            if abort is not None:
                abort()

    def _finish(self) -> None:
        if self._sound_have:
            self._emit_sound(self._sound_have)
        if self._sound_at is not None:
            self._give_sound(self._sound[1].codec_context.encode(None))
        self._flush_pictures()
        for sink in list(self._sinks):
            self._to(sink, "close")
        self._sinks = []
