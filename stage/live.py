"""``show``: the performance at the pace of the world.

Two threads share nothing slow. The *sound thread* pulls the band block by block when its time has come and is the
clock; the *stage thread* makes frames a little ahead of theirs. Fans, mind, voice and composer are other
processes. When the machine is busy the picture gets smaller or rarer; the sound goes on.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import numpy as np

from audio.engine import Health
from audio.engine.priority import cores, go_first, patience
from avatar.render import Picture
from avatar.render.i420 import Converter
from characters.persona.news import Wanted
from stage.broadcast import Broadcast
from stage.clock import SAMPLE_RATE, FrameClock, seconds
from stage.console import Console
from stage.director.latency import Meter
from stage.files import AsideFile
from stage.film import Film
from stage.gateway import House
from stage.idle import Idle
from stage.outputs.encode import Encoder, Packet, Streams
from stage.outputs.live import open_live
from stage.outputs.mp4 import Mp4Writer
from stage.outputs.window import Window, WindowError
from stage.paths import house_secret
from stage.performance import Performance, Settings
from stage.quality import Level, Quality, ladder
from stage.script import Script

log = logging.getLogger("limelight.stage")

BLOCK = 1024
"""Samples pulled at a time by the sound thread: one AAC frame."""
EARLY = 0.17
"""Seconds before it is due that a frame is begun: what it shows is settled up to the band's horizon, so making it
early costs nothing and a slow frame is still on time."""
MELTING = 0.075
"""Seconds before it is due at which a frame that has not begun is trouble: the picture gets smaller before it is late."""
COMFORT = 0.38
"""Share of all cores' time that making the pictures may take when the show begins; the rest is for the encoder, the
band and what else the machine does."""
HASTE = 0.95
"""Share of a frame's time that one picture may take from its first vertex to its I420 then: more on a busy machine."""
SWITCH = 0.0005
"""Seconds after which a thread that computes lets another have the interpreter."""
TICK = 0.008
"""Between frames the director looks this often (seconds) at what fans, mind and studio have brought."""


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What a live show has beside the performance itself."""

    host: str = "127.0.0.1"
    port: int = 8700
    window: bool | None = None
    record: Path | None = None
    timeline: Path | None = None
    script: Script = field(default_factory=Script)
    origins: tuple[str, ...] = ()


@dataclass(slots=True)
class Figures:
    """What a live show reports about itself."""

    frames: int = 0
    on_time: int = 0
    skipped: int = 0
    band: Health | None = None
    """The engine's own report at the end."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from chat accepted to the first audible sample of its answer, when nothing was being said."""
    stages: Meter = field(default_factory=Meter)
    """The same answers stage by stage."""
    behind_speech: list[float] = field(default_factory=list)
    """The same for messages that came while she was speaking or singing: they wait for the end of it."""
    thinking: list[float] = field(default_factory=list)
    """Seconds from a message chosen to the first clause of its answer, of every answer."""
    voicing: list[float] = field(default_factory=list)
    """Seconds from there to its sound handed to the band."""
    levels: list[str] = field(default_factory=list)
    frame_ms: deque[float] = field(default_factory=lambda: deque(maxlen=3000))


class Pace:
    """Wall-clock time of a sample; can be held (pause) without moving the show's clock."""

    def __init__(self) -> None:
        self._zero = time.monotonic()
        self._held: float | None = None

    def start(self, after: float = 0.0) -> None:
        """Sample 0 is ``after`` seconds from now."""
        self._zero = time.monotonic() + after

    def due(self, sample: float) -> float:
        """Monotonic time at which a sample is due."""
        return self._zero + sample / SAMPLE_RATE

    @property
    def held(self) -> bool:
        """Whether the show is paused."""
        return self._held is not None

    def toggle(self) -> bool:
        """Pause or go on; returns whether it is paused now."""
        if self._held is None:
            self._held = time.monotonic()
        else:
            self._zero += time.monotonic() - self._held
            self._held = None
        return self.held


class _Arrivals:
    """A sink that looks at the clock: a frame is on time when it is encoded no later than a frame after its moment."""

    def __init__(self, live: LiveShow) -> None:
        self._live = live

    def open(self, streams: Streams) -> None:
        pass

    def packet(self, packet: Packet) -> None:
        if packet.track == "video":
            live = self._live
            live.late = time.monotonic() > live.pace.due(packet.pts + packet.duration)
            live.figures.on_time += not live.late

    def close(self) -> None:
        pass


class LiveShow:
    """A running live show."""

    def __init__(self, settings: Settings, options: LiveOptions) -> None:
        self.settings, self.options = settings, options
        self.figures = Figures()
        self.stop = threading.Event()
        self.pace = Pace()
        self.muted = False
        self._idle = Idle()
        self.late = False
        """Whether the frame encoded last came too late."""
        self._ladder("mlaa")
        name = settings.definition.identity.name
        self.house = House(
            options.host, options.port, title=f"{name} live", character=name, origins=options.origins,
            secret=house_secret() if settings.memory else "", rules=settings.definition.rules.model_dump(mode="json"),
        )  # fmt: skip
        self.house.start()
        self._close: list[contextlib.AbstractContextManager[object]] = []
        try:
            self.show = Performance(settings)
        except BaseException:
            self.house.close()
            raise
        self.broadcast = Broadcast(self.house, self.show.definition)
        self.show.on_cue.append(self.broadcast.cue)
        self._samples = 0
        self._end = round(settings.seconds * SAMPLE_RATE) if settings.seconds else None
        self.picture: Picture | None = None
        self.encoder: Encoder | None = None
        self.film: Film | None = None
        self.console = Console(self)

    def _ladder(self, smooth: str) -> None:
        size = self.settings.width, self.settings.height
        fixed = self.options.record is not None
        self.quality = Quality(ladder(*size, self.settings.fps, fixed=fixed, smooth=smooth))

    # ---- sound ------------------------------------------------------------------------------------------
    def _sound(self) -> None:
        assert self.encoder is not None
        go_first()
        silence = np.zeros((BLOCK, 2), np.float32)
        while not self.stop.is_set():
            if self.pace.held:
                time.sleep(0.01)
                continue
            wait = self.pace.due(self._samples + BLOCK) - time.monotonic()
            if wait > 0:
                time.sleep(wait)
                if self.pace.held:
                    continue
            pcm = self.show.sound(BLOCK, patience(-wait))
            self.encoder.audio(silence if self.muted else pcm, self._samples)
            self._samples += BLOCK
            if self._end is not None and self._samples >= self._end:
                self.stop.set()

    # ---- picture ----------------------------------------------------------------------------------------
    def run(self) -> Figures:
        """Perform until the end, a key or a signal."""
        level = self.quality.level
        window = self._open_window(level)
        self.picture = (
            window.picture if window else Picture((level.width, level.height), level.aa, finest_line=level.line)
        )
        self.picture.set_model(self.show.actor.model)
        if self.picture.card:
            self._ladder(self.picture.aa)
        self._prelude()
        level = self.quality.level
        self.encoder = open_live(self.house.media, (level.width, level.height), level.fps)
        self.encoder.add(_Arrivals(self))
        self.film = Film(self.picture, self.encoder)
        if self.options.record:
            name = self.show.definition.identity.name
            self.encoder.add(Mp4Writer(self.options.record, title=f"{name}: a show", artist=name))
        click.echo(f"The show is on: {self.house.url}")
        log.info("picture %s, band %d ms ahead", level.name, self.settings.lead // 48)
        sound = threading.Thread(target=self._sound, name="sound", daemon=True)
        # The band makes nothing before the first pull: let it fill its lead before the clock runs.
        self.encoder.audio(self.show.sound(BLOCK, 5.0), 0)
        self._samples = BLOCK
        time.sleep(0.15)
        # The threads of sound and encoder hold the interpreter for microseconds: let them have it at once.
        sys.setswitchinterval(SWITCH)
        self.pace.start(EARLY)  # so that the first frames, too, are begun as early as all others
        sound.start()
        try:
            self._frames(window)
        finally:
            self.stop.set()
            sound.join(2.0)
            self.encoder.close()
        self.figures.band = self.show.band.health()
        return self.figures

    def _prelude(self) -> None:
        """Before the clock runs: the bed is on paper, programs are compiled, textures uploaded, processes awake."""
        assert self.picture is not None
        self.show.studio.wait_ready()
        self.show.band.stand_by()  # a second engine, idle; its start would cost frames later
        end = time.monotonic() + 6.0
        while not self.show.director.prelude() and time.monotonic() < end:
            time.sleep(0.01)
        self._calibrate()
        self.show.actor.rehearse(self.picture)
        self.show.actor.restart()
        # What is there now stays: looking through all of it for garbage would take longer than two frames.
        gc.collect()
        gc.freeze()

    def _calibrate(self) -> None:
        """Begin at the best level whose frames leave this machine enough time for everything else.

        At the lowest of full rate if none does: what a still picture costs says too little to halve the rate for it.
        """
        assert self.picture is not None
        rate = self.quality.levels[0].fps
        for at, level in enumerate(level for level in self.quality.levels if level.fps == rate):
            if at:
                self.picture.resize((level.width, level.height), level.aa, level.line)
            wall, cpu = self._cost(level)
            self.quality.at = at
            if (wall <= HASTE / rate and cpu <= COMFORT * cores() / rate) or self.options.window:
                return

    def _cost(self, level: Level) -> tuple[float, float]:
        """Seconds on the clock and of all cores for one picture, nothing beside it: the medians of a few."""
        assert self.picture is not None
        raw, convert = self.picture.raw(), Converter(level.width, level.height)
        image = np.empty((level.height * 3 // 2, level.width), np.uint8)
        walls, cpus = [], []
        for _ in range(8):
            wall, cpu = time.monotonic(), time.process_time()
            self.show.actor.draw(self.picture, 0)
            self.picture.fetch(raw, behind=0)
            convert(raw, image)
            walls.append(time.monotonic() - wall)
            cpus.append(time.process_time() - cpu)
        return sorted(walls[2:])[3], sorted(cpus[2:])[3]

    def _open_window(self, level: Level) -> Window | None:
        wanted = self.options.window
        if wanted is False or (wanted is None and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))):
            return None
        try:
            return Window((level.width, level.height), self.show.definition.identity.name, self, level.aa)
        except WindowError as error:
            if wanted:
                raise
            log.warning("no window: %s", error)
            return None

    def _frames(self, window: Window | None) -> None:
        assert self.film is not None
        clock, k = FrameClock(self.quality.level.fps), 1
        forgotten = 0
        while not self.stop.is_set():
            if window is not None:
                window.events()
            for answer in self.console.step():
                click.echo(answer)
            if self.pace.held:
                time.sleep(0.01)
                continue
            sample = clock.sample(k)
            period = 1 / float(clock.fps)
            self._attend(sample, self.pace.due(sample) - self._early)
            behind = time.monotonic() - self.pace.due(sample)
            if behind > period / 2:
                k = self._leave_out(clock, k)
                self.film.end()
                continue
            cost = self._frame(sample)
            if window is not None:
                window.flip()
            k += 1
            change = self.quality.frame(cost, self.late or behind > -MELTING, self._idle.share(), -behind)
            if change is not None and window is None:
                self._resize(change)
                clock, k = FrameClock(change.fps, clock.sample(k)), 0
                if not self.quality.rose:
                    k = self._leave_out(clock, k)
            if sample - forgotten > 60 * SAMPLE_RATE:
                self.show.forget(sample - 30 * SAMPLE_RATE)
                forgotten = sample
        self.film.end()

    @property
    def _early(self) -> float:
        """Seconds before it is due that a frame is begun."""
        return min(EARLY, self.settings.lead / SAMPLE_RATE * 0.85)

    def _leave_out(self, clock: FrameClock, k: int) -> int:
        """The first frame from ``k`` on that can be begun as early as all should be.

        A picture that stands for some tenths of a second is better than many that come too late.
        """
        first = k
        while time.monotonic() > self.pace.due(clock.sample(k)) - self._early:
            k += 1
        self.figures.skipped += k - first
        self.figures.frames += k - first
        return k

    def _attend(self, sample: int, until: float) -> None:
        """Wait for a frame's time; what comes meanwhile does not wait for the frame."""
        while (wait := until - time.monotonic()) > 0 and not self.stop.is_set():
            time.sleep(min(wait, TICK))
            if wait > TICK:
                self._direct(sample)

    def _direct(self, sample: int) -> None:
        rehearsed = [replace(event, accepted=time.monotonic()) for event in self.options.script.until(sample)]
        for event in rehearsed:
            if event.kind in ("chat", "paid"):
                self.house.publish("chat", {"from": event.fan, "text": event.text, "is_ai": False})
        events = self.house.poll()
        for event in events:
            if event.kind == "memory":
                self.show.mind.tell(Wanted(event.id, event.fan, event.account, event.text))
        self.show.direct(sample, events + rehearsed)
        private = self.show.director.private
        while private:
            answer = private.popleft()
            self.house.private(answer.account, "memory", {"id": answer.id} | answer.facts)

    def _frame(self, sample: int) -> float:
        """Make one frame; returns the seconds it took of this thread."""
        assert self.picture is not None
        assert self.film is not None
        begun = time.monotonic()
        self._direct(sample)
        self.show.actor.draw(self.picture, sample)
        self.film.drawn(sample)
        took = time.monotonic() - begun
        self.figures.frames += 1
        self.figures.frame_ms.append(took * 1000)
        self._stamp()
        return took

    def _resize(self, level: Level) -> None:
        assert self.picture is not None
        assert self.encoder is not None
        log.info("picture %s", self.quality.changes[-1])
        self.figures.levels.append(self.quality.changes[-1])
        if self.film is not None:
            self.film.end()
        self.picture.resize((level.width, level.height), level.aa, level.line)
        self.encoder.reconfigure((level.width, level.height), level.fps)

    def _stamp(self) -> None:
        """Chat accepted to first audible sample, in seconds, once it is known when that sample is played."""
        latencies = self.show.director.answers.latencies
        while latencies:
            stamps = latencies.popleft()
            waited = self.pace.due(stamps.audible) - stamps.accepted
            (self.figures.latencies if stamps.quiet else self.figures.behind_speech).append(waited)
            moments = stamps.moments
            for times, begin, end in (
                (self.figures.thinking, "selected", "first_clause"),
                (self.figures.voicing, "first_clause", "queued"),
            ):
                if begin in moments and end in moments:
                    times.append(moments[end] - moments[begin])
            if stamps.quiet:
                self.figures.stages.take(stamps, self.pace.due)

    # ---- the operator's keys ----------------------------------------------------------------------------
    def skip(self) -> None:
        """End what is said or sung now."""
        self.show.director.skip(self.show.band.horizon)

    def close(self) -> None:
        """End everything."""
        if self.picture is not None:
            self.picture.release()
        self.show.close()
        self.house.close()
        gc.unfreeze()  # another show in this process finds its memory free


@contextlib.contextmanager
def open_show(settings: Settings, options: LiveOptions) -> Iterator[LiveShow]:
    """A live show, closed at the end whatever happens."""
    live = LiveShow(settings, options)
    try:
        yield live
    finally:
        live.close()


def run(settings: Settings, options: LiveOptions) -> Figures:
    """Run a live show until its end or Ctrl-C; writes its timeline if asked."""
    with open_show(settings, options) as live:
        cues = AsideFile(options.timeline) if options.timeline else None
        stream = cues.path.open("w", encoding="utf-8") if cues else None
        if stream is not None:
            live.show.on_cue.append(lambda cue: print(cue.to_json(), file=stream))
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: live.stop.set())
        if sys.stdin is not None and sys.stdin.isatty():
            live.console.listen()
        try:
            figures = live.run()
            if cues is not None and stream is not None:
                stream.close()
                cues.keep()
        finally:
            if cues is not None:
                cues.drop()
        late = figures.band.late_blocks if figures.band else 0
        log.info(
            "the show is over after %.0f s: %d of %d frames on time, %d late blocks",
            seconds(live.show.band.position), figures.on_time, figures.frames, late,
        )  # fmt: skip
    return figures
