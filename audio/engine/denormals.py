"""Numbers too small to hear are taken as nothing where the processor can: the tails of recursive filters, which pass
through them, would cost many times what sound costs."""

from __future__ import annotations

import contextlib
import ctypes
import platform

_CONTROL = {"x86_64": (28, 0x8040), "AMD64": (28, 0x8040), "aarch64": (0, 1 << 24), "arm64": (0, 1 << 24)}
"""By processor: where the control word lies in the C library's floating-point environment, and its bits for this."""
_ROOM = 64


def flush_denormals() -> bool:
    """For the calling thread; True where it could be set (glibc's ``fenv_t``; elsewhere nothing is touched)."""
    if platform.libc_ver()[0] != "glibc" or platform.machine() not in _CONTROL:
        return False
    offset, bits = _CONTROL[platform.machine()]
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("libm.so.6")
        room = (ctypes.c_uint8 * _ROOM)()
        if library.fegetenv(room) == 0:
            word = ctypes.c_uint32.from_buffer(room, offset)
            word.value |= bits
            return bool(library.fesetenv(room) == 0)
    return False
