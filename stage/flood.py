"""``limelight bench show --flood``: a calm show, then the same one under 5,000 chat lines in a minute, 20 of them paid.

Lines come over real websockets to a real show; payments come as a platform's do, beside them. The verdict says whether
every payment was answered or waits for its turn with its reason in the log, whether queues and memory stayed bounded,
whether the log of choices can be read, whether sound and picture were as on time as in the calm show, and whether she
answered one after the other without being late. Both shows are talk only, so that they can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from stage.bench import Crowd, bench_show, percentile
from stage.clock import SAMPLE_RATE, samples
from stage.gateway.model import FanEvent
from stage.live import LiveShow
from stage.performance import Settings
from stage.timeline import Cue


@dataclass(frozen=True, slots=True)
class Flood:
    """``lines`` chat lines in ``seconds``, and ``paid`` payments spread over them from second ``begin`` of the show."""

    lines: int = 5_000
    seconds: float = 60.0
    paid: int = 20
    begin: float = 8.0

    def payments(self) -> tuple[tuple[int, FanEvent], ...]:
        """(sample, event) of every payment."""
        return tuple(
            (
                samples(self.begin + n * self.seconds / self.paid),
                FanEvent(f"paid{n}", _name(n), "paid", f"thank you, this is for {TOPICS[n % 8]}", amount=5.0),
            )
            for n in range(self.paid)
        )


GROWTH = 96.0
"""MiB a process may hold more than in the calm show: the mind opens its small model when lines come round again."""
FRAMES = 0.03
"""Share of frames that may be late beyond those of the calm show."""
THOUGHT = 0.8
"""Seconds from a message chosen to the first clause of its answer, 95th percentile: later, the fallback would speak."""
PAUSE = 1.5
"""Seconds between an answer and the next, 95th percentile, while messages wait."""
TOPICS = ("rain", "a fox", "night buses", "the sea", "tea", "old radios", "snow", "my cat")
_READABLE = re.compile(r"\d+\.\d\d [^:]+: (?:paid|member|first|everyone): .+ \(waited \d+\.\d s(?:, \d+ fans)?\)")


def flood_line(number: int, turn: int) -> str:
    """Line ``turn`` of fan ``number``: now and then the question of everybody, else one of its own."""
    n = number * 101 + turn
    if n % 11 == 0:
        return "when is the next song coming?"
    return f"line {n} about {TOPICS[n % len(TOPICS)]}, what do you say?"


def _name(n: int) -> str:
    """A name that can be spoken: ``Bana``, ``Bena``, ... ``Zuna``."""
    return "BDFGKLMNPRSTVZ"[n // 5 % 14] + "aeiou"[n % 5] + "na"


def _watched(live: LiveShow, flood: Flood) -> Callable[[], dict[str, Any]]:
    """Follows a show: who was thanked, and at the end what the director has to say."""
    thanked: dict[str, None] = {}
    spoken: list[tuple[int, int]] = []

    def heard(cue: Cue) -> None:
        if cue.kind == "reply":
            spoken.append((cue.sample, cue.sample + cue.length))
        if cue.kind == "reply" and cue.data.get("situation") == "gift" and not cue.data.get("cut"):
            thanked[str(cue.data.get("fan"))] = None

    live.show.on_cue.append(heard)

    def figures() -> dict[str, Any]:
        director, house = live.show.director, live.house.health()
        log = list(director.answers.choices)
        paid = {entry.split(" ", 1)[1].partition(": ")[0] for entry in log if ": paid: " in entry}
        waiting = {event.fan for event in director.chat.waiting("paid")}
        limits = director.chat.limits
        pauses = [
            (after[0] - before[1]) / SAMPLE_RATE
            for before, after in zip(spoken, spoken[1:])
            if samples(flood.begin) < before[1] < samples(flood.begin + flood.seconds)
        ]
        return {
            "pause_ms_p50": percentile(pauses, 50),
            "pause_ms_p95": percentile(pauses, 95),
            "paid_chosen": len(paid),
            "paid_thanked": len(thanked),
            "paid_waiting": len(waiting - paid),
            "waiting": len(director.chat),
            "waiting_limit": limits.everyone + limits.first + limits.member,
            "choices": len(log),
            "choices_readable": sum(_READABLE.fullmatch(entry) is not None for entry in log),
            "crowd_questions": sum("fans ask the same" in entry for entry in log),
            "choices_last": log[-6:],
            "house_events_dropped": house["events_dropped"],
        }

    return figures


def bench_flood(settings: Settings, fans: int, every: float, flood: Flood | None = None) -> Iterator[dict[str, Any]]:
    """Figures of the calm show, of the flooded one, and the verdict."""
    flood = flood or Flood()
    fans = max(fans, 100)  # fewer would each write faster than the house lets one fan write
    watch = partial(_watched, flood=flood)
    calm = bench_show(settings, Crowd(fans, every), watch)
    yield {"flood": False} | calm
    crowd = Crowd(fans, flood.seconds / flood.lines, flood.seconds, flood_line, flood.payments())
    flooded = bench_show(settings, crowd, watch)
    yield {"flood": True} | flooded
    yield {"bench": "show", "verdict": verdict(calm, flooded, flood)}


def verdict(calm: dict[str, Any], flooded: dict[str, Any], flood: Flood) -> dict[str, bool]:
    """What must hold of the flooded show beside the calm one, by name."""

    def within(name: str, most: float) -> bool:
        return flooded[name] is not None and flooded[name] <= most * 1000

    growth = {
        name: held - before
        for name, held in flooded["rss_mib"].items()
        if held is not None and (before := calm["rss_mib"].get(name)) is not None
    }
    crowd = flooded["crowd"]
    return {
        "all_lines_sent": crowd.get("sent", 0) >= 0.98 * flood.lines and not crowd.get("errors"),
        "none_lost_on_the_way": not flooded["house_events_dropped"],
        "paid_answered_or_waiting": flooded["paid_chosen"] + flooded["paid_waiting"] == flood.paid,
        "queue_bounded": flooded["waiting"] <= flooded["waiting_limit"] + flood.paid,
        "memory_bounded": all(mib <= GROWTH for mib in growth.values()),
        "log_readable": 0 < flooded["choices"] == flooded["choices_readable"],
        "no_more_underruns": flooded["audio_underruns"] <= calm["audio_underruns"],
        "frames_as_on_time": flooded["frames_on_time"] >= calm["frames_on_time"] - FRAMES,
        "thought_in_time": within("chosen_to_first_clause_ms_p95", THOUGHT),
        "one_answer_after_the_other": within("pause_ms_p95", PAUSE),
    }
