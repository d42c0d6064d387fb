"""Numbers too small to hear."""

import platform
import threading

import numpy as np
import pytest

from audio.engine.denormals import flush_denormals


def test_a_thread_that_asks_for_it_has_no_denormals_and_the_others_keep_them() -> None:
    found: list[float] = []

    def work() -> None:
        asked = flush_denormals()
        small = np.full(64, 1e-38, np.float32) * np.float32(1e-3)
        found.extend([float(asked), float(small.max()), float(np.float32(1.5) * np.float32(2.0))])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if not found[0]:
        pytest.skip(f"not on {platform.machine()} with {platform.libc_ver()[0] or 'this C library'}")
    assert found[1:] == [0.0, 3.0]
    assert (np.full(64, 1e-38, np.float32) * np.float32(1e-3)).max() > 0.0
