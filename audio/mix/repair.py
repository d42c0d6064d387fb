"""Repairs of a recording: offset, mains hum, clipped peaks, silence around it. Each says what it did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audio.mix.filters import Samples

RATE = 48_000
_HUM_PARTS = 8
_QUIET = 1e-3


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that was changed: its name, how far (unit in the text), and words for people."""

    what: str
    amount: float
    text: str


def repaired(sound: Samples) -> tuple[Samples, list[Move]]:
    """(n, 2) at 48 kHz through every repair, in the order that keeps each detector honest. The input is not changed."""
    moves: list[Move] = []
    for repair in (declip, remove_offset, remove_hum, trim):
        sound, made = repair(sound)
        moves += made
    return sound, moves


def remove_offset(sound: Samples) -> tuple[Samples, list[Move]]:
    """Take away a constant offset of more than a thousandth of full scale."""
    offset = sound.mean(axis=0, dtype=np.float64) if len(sound) else np.zeros(2)
    worst = float(np.abs(offset).max())
    if worst < 1e-3:
        return sound, []
    return (sound - offset).astype(np.float32), [Move("offset", worst, f"offset of {worst:.3f} removed")]


def trim(sound: Samples, keep: int = 2_400) -> tuple[Samples, list[Move]]:
    """Cut silence (below -60 dB) at either end, all but ``keep`` samples of it; a cut end is faded."""
    loud = np.flatnonzero(np.abs(sound).max(axis=1, initial=0.0) > _QUIET)
    if not len(loud):
        return sound, []
    first, last = max(0, int(loud[0]) - keep), min(len(sound), int(loud[-1]) + 1 + 4 * keep)
    gone = (first + len(sound) - last) / RATE
    if gone < 0.05:
        return sound, []
    made = sound[first:last].copy()
    if last < len(sound):
        fade = min(len(made), 2 * keep)
        made[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return made, [Move("silence", gone, f"{gone:.2f} s of silence cut at the ends")]


# -- hum -------------------------------------------------------------------------------------------------------------


def remove_hum(sound: Samples) -> tuple[Samples, list[Move]]:
    """Notch out mains hum (50 or 60 Hz and multiples) where it stands steadily above what is beside it."""
    from scipy.signal import iirnotch, sosfiltfilt, tf2sos

    if len(sound) < 3 * RATE:
        return sound, []
    best: list[tuple[float, float]] = max((_hum(sound, mains) for mains in (50.0, 60.0)), key=len)
    if not best:
        return sound, []
    sections = [tf2sos(*iirnotch(freq, max(12.0, freq / 2.5), RATE)) for freq, _ in best]
    made = sosfiltfilt(np.concatenate(sections), sound.astype(np.float64), axis=0).astype(np.float32)
    over = max(level for _, level in best)
    names = ", ".join(f"{freq:.1f}" for freq, _ in best)
    return made, [Move("hum", over, f"hum at {names} Hz removed ({over:.0f} dB above its neighbours)")]


def _hum(sound: Samples, mains: float) -> list[tuple[float, float]]:
    """(Hz, dB over its neighbours) of the parts of a hum; empty when its first two parts are not there.

    A hum sounds in the quietest moments as well: it is looked for in a low percentile over time of each bin, so that
    bass notes of the same pitch are not taken for it.
    """
    from scipy.signal import decimate

    low = decimate(sound.mean(axis=1, dtype=np.float64), 24, ftype="fir")  # 2 kHz
    size = 2048
    if len(low) < 2 * size:
        return []
    frames = np.lib.stride_tricks.sliding_window_view(low, size)[:: size // 2]
    heard = np.abs(np.fft.rfft(frames * np.blackman(size), axis=1))
    steady, loud = np.percentile(heard, (15, 85), axis=0)
    width = 2000 / size
    found = []
    for n in range(1, _HUM_PARTS + 1):
        at = round(n * mains / width)
        if at + 16 >= len(steady):
            break
        peak = at - 2 + int(steady[at - 2 : at + 3].argmax())
        beside = np.median(np.concatenate([steady[max(1, peak - 14) : peak - 4], steady[peak + 5 : peak + 15]]))
        over = 20 * np.log10((steady[peak] + 1e-9) / (beside + 1e-7))
        if over > 14 and steady[peak] > 0.03 and steady[peak] > 0.5 * loud[peak]:
            a, b, c = np.log(steady[peak - 1 : peak + 2] + 1e-12)
            bend = a - 2 * b + c
            shift = 0.5 * (a - c) / bend if bend else 0.0
            found.append(((peak + float(np.clip(shift, -0.5, 0.5))) * width, float(over)))
        elif n == 2 and not found:
            return []
    return found if len(found) >= 1 and found[0][0] < 2.5 * mains else []


# -- clipping --------------------------------------------------------------------------------------------------------


def declip(sound: Samples) -> tuple[Samples, list[Move]]:
    """Rebuild peaks cut flat, each by the curve that the wave around it asks for (Hermite interpolation: within 2 %
    of the height of a sine cut at three quarters). Peaks may come out above full scale: the limiter follows."""
    runs = [clipped(sound[:, side]) for side in range(sound.shape[1])]
    total = sum(len(found) for found in runs)
    if not total:
        return sound, []
    made: Samples = np.stack([_rebuilt(sound[:, side], found) for side, found in enumerate(runs)], axis=1)
    return made, [Move("clipping", float(total), f"{total} clipped peaks rebuilt")]


def clipped(channel: npt.NDArray[np.float32], least: int = 3) -> list[tuple[int, int]]:
    """(first, end) of runs of at least ``least`` samples at the same top value; none when the top is below 0.25.

    A limiter's output touches its ceiling for single samples; a cut peak stays there.
    """
    top = float(np.abs(channel).max(initial=0.0))
    if top < 0.25:
        return []
    high = (np.abs(channel) >= 0.9997 * top).astype(np.int8)
    edges = np.diff(np.concatenate([[0], high, [0]]))
    first, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    keep = end - first >= least
    runs = [
        (int(a), int(b))
        for a, b in zip(first[keep], end[keep])
        if float(np.ptp(channel[a:b])) < 3e-4 * top
    ]  # fmt: skip
    return runs


def _rebuilt(channel: npt.NDArray[np.float32], runs: list[tuple[int, int]]) -> npt.NDArray[np.float32]:
    """A cubic with the value and slope that the wave has on either side of each cut, beyond the cut and at most twice
    as high."""
    made = channel.copy()
    for a, b in runs:
        if a < 3 or b + 3 > len(channel) or b - a > 400:
            continue
        x = channel[a - 3 : b + 3].astype(np.float64)
        span = b - a + 1
        rise = span * (3 * x[2] - 4 * x[1] + x[0]) / 2
        fall = -span * (3 * x[-3] - 4 * x[-2] + x[-1]) / 2
        t = np.arange(1, span) / span
        first, last = x[2], x[-3]
        curve = (
            (2 * t**3 - 3 * t**2 + 1) * first + (t**3 - 2 * t**2 + t) * rise
            + (3 * t**2 - 2 * t**3) * last + (t**3 - t**2) * fall
        )  # fmt: skip
        top = float(channel[a])
        made[a:b] = np.sign(top) * np.clip(np.sign(top) * curve, abs(top), 2 * abs(top))
    return made
