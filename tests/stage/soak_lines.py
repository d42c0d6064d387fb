"""A show of hours under a clock of its own, with the real mind and director: what she says, and what she says again.

``python -m tests.stage.soak_lines lumi --hours 2 --seed 1``: fans write about every seven seconds; voices, songs and the
band are fakes. Prints one JSON line: lines, different lines, distinct-2, and lines heard twice within half an hour.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from typing import Any

from characters import load
from characters.definition import Definition
from characters.persona.mind import Inline
from characters.persona.small.evaluate import distinct
from characters.persona.small.fans import fan_line
from characters.persona.small.grammar import sections
from stage.clock import SAMPLE_RATE
from stage.director.director import Director
from stage.director.plan import Plan
from stage.gateway.model import FanEvent
from stage.studio import Bed
from stage.timeline import Timeline
from tests.stage.fakes import FakeBand, FakeStudio
from tests.stage.test_director import tune

FRAME = SAMPLE_RATE // 10
PAUSE = 7.0
"""Seconds between fan lines, on average."""
OFTEN = (
    "greeting",
    "song_request",
    "compliment",
    "compliment_song",
    "how_are_you",
    "thanks",
    "laughter",
    "emoji",
    "what_song",
)
NAMES = [
    a + b for a in ("mi", "lo", "ra", "te", "ka", "jo", "bel", "fi") for b in ("ka", "ren", "na", "lo", "mir", "sa")
]
HALF_AN_HOUR = 1_800 * SAMPLE_RATE


def events(seconds: float, rng: random.Random) -> list[tuple[float, FanEvent]]:
    """What fans do: joins, chat of every kind, now and then a paid line."""
    found: list[tuple[float, FanEvent]] = []
    at, number, names = 1.0, 0, sorted(sections())
    while at < seconds:
        number += 1
        fan = rng.choice(NAMES)
        name = rng.choice(OFTEN) if rng.random() < 0.4 else rng.choice(names)
        section = sections()[name]
        text = fan_line(section, rng) if section.fans else "hello"
        kind = "join" if rng.random() < 0.08 else "paid" if rng.random() < 0.03 else "chat"
        found.append((at, FanEvent(f"e{number}", fan, kind, text, 5.0 if kind == "paid" else 0.0, accepted=at)))
        at += rng.expovariate(1 / PAUSE)
    return found


def soak(definition: Definition, hours: float, seed: int) -> list[tuple[int, str, str]]:
    """(sample, situation, what was heard) of every line of the show."""
    rng = random.Random(seed)
    titles = [f"{a} {b}" for a in ("Paper", "Night", "Blue", "Last", "Tin", "Slow", "Left", "Warm") for b in
              ("Cup", "Train", "Window", "Button", "Umbrella", "Lamp", "Stair", "Orchard")]  # fmt: skip
    rng.shuffle(titles)

    def compose(job: Any) -> Any:
        return tune(4, False, "Bed") if isinstance(job, Bed) else tune(33, True, titles.pop() if titles else "Song")

    timeline, band, total = Timeline(), FakeBand(), hours * 3_600.0
    with Inline(definition, seed) as mind:
        director = Director(definition, timeline, lambda *_: None, FakeStudio(compose), mind, seed, Plan(total))  # type: ignore[arg-type]
        coming, now, end = events(total - 30.0, rng), 0, round(total * SAMPLE_RATE)
        while now < end:
            due = []
            while coming and coming[0][0] * SAMPLE_RATE < now + FRAME:
                due.append(coming.pop(0)[1])
            director.hear(due, now)
            director.step(now, band.horizon)
            now += FRAME
            band.position = now
    return [
        (cue.sample, str(cue.data.get("situation", "")), _bare(str(cue.data["text"]), str(cue.data.get("fan", ""))))
        for cue in timeline
        if cue.kind == "reply"
    ]


def _bare(text: str, fan: str) -> str:
    """The words without the fan's name: another name does not make another line."""
    text = re.sub(rf"\b{re.escape(fan)}\b", "", text, flags=re.I) if fan else text
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


def facts(said: list[tuple[int, str, str]]) -> dict[str, Any]:
    """The figures of a show."""
    last: dict[str, int] = {}
    again: list[str] = []
    for at, situation, text in said:
        if text in last and at - last[text] < HALF_AN_HOUR:
            again.append(f"{situation}: {text}")
        last[text] = at
    return {"lines": len(said), "different": len(last), "distinct_2": distinct([text for _, _, text in said]),
            "again_within_30_min": len(again), "which": again[:40]}  # fmt: skip


def main() -> None:
    """The command line."""
    found = argparse.ArgumentParser(prog="tests.stage.soak_lines", description=__doc__)
    found.add_argument("character", nargs="?", default="lumi")
    found.add_argument("--hours", type=float, default=2.0)
    found.add_argument("--seed", type=int, default=1)
    options = found.parse_args()
    said = soak(load(options.character), options.hours, options.seed)
    print(json.dumps({"character": options.character, "hours": options.hours} | facts(said), ensure_ascii=False))


if __name__ == "__main__":
    main()
