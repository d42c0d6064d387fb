"""three-vrm in headless Chromium on the software renderer: the peer that pictures and figures are compared with.

Needs Chromium (``apt install chromium`` or ``playwright install chromium``), the Python package playwright and
``npm ci`` in ``benchmarks/three_vrm``.
"""

from __future__ import annotations

import functools
import http.server
import io
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent / "three_vrm"
FLAGS = ["--use-angle=gl-egl", "--use-gl=angle", "--ignore-gpu-blocklist", "--no-sandbox", "--enable-webgl"]


class _Files(http.server.SimpleHTTPRequestHandler):
    """Serves the page, its modules and ``/model/<n>``."""

    models: dict[str, bytes] = {}  # noqa: RUF012  one table for all requests

    def do_GET(self) -> None:
        data = self.models.get(self.path)
        if data is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


class Peer:
    """One browser; ``with Peer() as peer``."""

    def __enter__(self) -> Peer:
        if not (HERE / "node_modules" / "three").is_dir():
            raise SystemExit(f"three-vrm is not installed. Run: npm ci --prefix {HERE}")
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, directory=str(HERE)))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._play = sync_playwright().start()
        path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        self._before = _children(os.getpid())
        self._browser = self._play.chromium.launch(executable_path=path, args=FLAGS)
        self._page: Any = None
        self._count = 0
        return self

    def __exit__(self, *error: object) -> None:
        self._browser.close()
        self._play.stop()
        self._server.shutdown()
        self._server.server_close()

    def open(
        self,
        model: bytes,
        size: tuple[int, int],
        camera: dict[str, Any],
        antialias: bool = True,
        **case: Any,
    ) -> dict[str, Any]:
        """Loads and draws a model; ``camera`` is position, target, fov; ``case`` pose, head, expressions, seconds."""
        if self._page is not None:
            self._page.close()
        self._count += 1
        url = f"/model/{self._count}"
        _Files.models.clear()
        _Files.models[url] = model
        self._page = self._browser.new_page(viewport={"width": size[0], "height": size[1]})
        self.said: list[str] = []
        self._page.on("console", lambda m: self.said.append(m.text))
        self._page.on("pageerror", lambda e: self.said.append(str(e)))
        self._page.goto(f"http://127.0.0.1:{self._server.server_address[1]}/page.html")
        self._page.wait_for_function("window.ready === true", timeout=60_000)
        facts: dict[str, Any] = self._page.evaluate(
            "([u, s, a, v, c]) => window.open_model(u, s, a, v, c)", [url, list(size), antialias, camera, case]
        )
        return facts

    def picture(self) -> npt.NDArray[np.uint8]:
        """What is shown, (h, w, 3) uint8."""
        data = self._page.locator("canvas").screenshot(type="png")
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    def frames(self, count: int, warm: int = 15) -> dict[str, float]:
        """Draws moving frames with readback, after ``warm`` that do not count: milliseconds per frame, CPU of all of
        the browser's processes."""
        if warm:
            self._page.evaluate("n => window.run_frames(n)", warm)
        before = self._cpu()
        facts: dict[str, float] = self._page.evaluate("n => window.run_frames(n)", count)
        facts["cpu_ms"] = 1000 * (self._cpu() - before) / count
        return facts

    def _cpu(self) -> float:
        ours = set(_children(os.getpid())) - set(self._before)
        return sum(_times(pid) for pid in ours)


def _children(root: int) -> list[int]:
    """All processes below ``root``."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, front = [], [root]
    while front:
        front = [pid for pid, parent in parents.items() if parent in front]
        found += front
    return found


def _times(pid: int) -> float:
    """User and system seconds of a process, all threads."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
