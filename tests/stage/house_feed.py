"""A synthetic show for gateway tests: a moving picture and a tone, encoded live into a house."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import numpy as np

from stage.gateway import House
from stage.outputs.encode import Encoder
from stage.outputs.live import open_live

SIZE = (640, 360)


class Feed:
    """Feeds ``house`` in real time from a thread until left."""

    def __init__(self, house: House, size: tuple[int, int] = SIZE, fps: int = 30) -> None:
        self.fps = fps
        self.encoder: Encoder = open_live(house.media, size, fps, 1_000_000)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.resize: tuple[int, int] | None = None
        self._size = size

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(self, a: type[BaseException] | None, b: BaseException | None, c: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(5)
        self.encoder.close(5)

    def _picture(self, k: int) -> np.ndarray:
        w, h = self._size
        frame = np.full((h * 3 // 2, w), 128, np.uint8)
        y, x = np.mgrid[0:h, 0:w]
        frame[:h] = 50 + (x + y + 3 * k) % 120
        at = (k * 5) % (w - 60)
        frame[h // 2 - 40 : h // 2 + 40, at : at + 60] = 220
        frame[h : h + h // 4] = 150
        return frame

    def _run(self) -> None:
        began, k = time.monotonic(), 0
        step = 48000 // self.fps
        while not self._stop.is_set():
            if self.resize is not None:
                self._size, self.resize = self.resize, None
                self.encoder.reconfigure(self._size, self.fps)
            t = (k * step + np.arange(step)) / 48000
            tone = (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
            self.encoder.video(self._picture(k), k * step)
            self.encoder.audio(np.stack([tone, tone], 1), k * step)
            k += 1
            self._stop.wait(max(0.0, began + k / self.fps - time.monotonic()))
