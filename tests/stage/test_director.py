"""The shape of a show, with fakes and a clock that moves when the test says so."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from audio.engine.model import Cancel, NoteEvent, VoiceEvent
from audio.score.model import Chord, Meter, Note, Section, Song, Tempo, Track
from characters import load
from characters.persona.model import Clause
from characters.persona.news import Happened, Heard
from stage.clock import SAMPLE_RATE
from stage.director.director import Director
from stage.director.plan import Plan
from stage.gateway.model import FanEvent
from stage.studio import Bed
from stage.timeline import Cue, Timeline
from tests.stage.fakes import FakeBand, FakeMind, FakeStudio

FRAME = 1600


def tune(bars: int, sung: bool, title: str = "Song") -> Song:
    """Four beats a bar at 120; a sung note on every bar from the second on."""
    voice = tuple(Note(Fraction(4 * bar), Fraction(3), 69, 0.8, "rain") for bar in range(1, bars)) if sung else ()
    drums = tuple(Note(Fraction(beat), Fraction(1, 4), 36) for beat in range(4 * bars))
    tracks = (Track("drums", "kit_synth", drums, "drums"),) + (
        (Track("voice", "voice", voice, "voice"),) if sung else ()
    )
    half = max(1, bars // 2)
    return Song(
        title, bars, (Tempo(Fraction(0), Fraction(120)),), (Meter(0),), "C", "major",
        (Section("verse", 0, half, 0.4), Section("chorus", half, bars - half, 0.9)),
        tuple(Chord(Fraction(4 * bar), Fraction(4), "C") for bar in range(bars)), tracks,
    )  # fmt: skip


class Rehearsal:
    """A director with fakes."""

    def __init__(self, total: float | None = None, mind: FakeMind | None = None, **plan: Any) -> None:
        self.timeline, self.band = Timeline(), FakeBand()
        self.mind = mind or FakeMind()
        self.studio = FakeStudio(lambda job: tune(4, False, "Bed") if isinstance(job, Bed) else tune(17, True))
        self.director = Director(
            load("lumi"), self.timeline, self.band.send, self.studio, self.mind, 7, Plan(total, **plan)
        )  # type: ignore[arg-type]
        self.now = 0

    def run(self, seconds: float, events: dict[float, FanEvent] | None = None) -> None:
        coming = sorted((events or {}).items())
        end = self.now + round(seconds * SAMPLE_RATE)
        while self.now < end:
            due = [event for at, event in coming if self.now <= at * SAMPLE_RATE < self.now + FRAME]
            self.director.hear(due, self.now)
            self.director.step(self.now, self.band.horizon)
            self.now += FRAME
            self.band.position = self.now

    def cues(self, kind: str) -> list[Cue]:
        return [cue for cue in self.timeline if cue.kind == kind]

    def voices(self) -> Iterator[tuple[int, int]]:
        ends = {m.owner: m.sample for m in self.band.messages if isinstance(m, Cancel)}
        for message in self.band.messages:
            if isinstance(message, VoiceEvent):
                end = min(message.sample + len(message.pcm), ends.get(message.owner, 10**12))
                if end > message.sample:
                    yield message.sample, end


def chat(fan: str, text: str, kind: str = "chat") -> FanEvent:
    return FanEvent(f"{fan}{text}", fan, kind, text, accepted=1.0)


def test_a_voice_that_starts_again_does_not_cost_a_fan_the_answer() -> None:
    show = Rehearsal(90)
    show.run(6)
    show.studio.speaks = False
    show.run(9, {7.0: chat("mika", "hi")})
    assert not any(cue.data["fan"] == "mika" for cue in show.cues("reply"))
    show.studio.speaks = True
    show.run(6)
    assert any(cue.data["fan"] == "mika" for cue in show.cues("reply"))


def test_a_show_opens_answers_sings_what_was_asked_and_says_goodbye() -> None:
    show = Rehearsal(120)
    show.run(120, {1.0: chat("mika", "hi"), 2.0: chat("ren", "sing about rain")})
    phases = [c.data["name"] for c in show.cues("phase")]
    assert phases[:4] == ["opening", "talk", "song", "banter"]
    assert phases[-1] == "closing"
    assert [c.data["fan"] for c in show.cues("reply")][:3] == ["", "mika", "ren"]
    song = next(c for c in show.cues("song") if not c.data["bed"])
    assert (song.data["fan"], song.data["theme"]) == ("ren", "rain")
    assert show.cues("reply")[-1].data["situation"] == "closing"
    assert show.director.over


def test_never_two_voices_at_once_however_much_is_said() -> None:
    show = Rehearsal(180)
    flood = {t * 0.5: chat(f"fan{t % 17}", f"line {t}" if t % 9 else f"sing about thing {t}") for t in range(1, 300)}
    show.run(180, flood)
    spans = sorted(show.voices())
    assert len(spans) > 30
    assert all(a_end <= b_start for (_, a_end), (b_start, _) in zip(spans, spans[1:]))


def test_there_is_never_dead_air() -> None:
    """Music from the first moment on, without a gap between bed and songs; words at least every twelve seconds."""
    show = Rehearsal(None, talk=20.0)
    show.run(180)
    pieces = sorted((c.sample, c.end) for c in show.cues("song"))
    assert pieces[0][0] <= show.band.lead
    assert all(b[0] <= a[1] for a, b in zip(pieces, pieces[1:]))
    assert any(not c.data["bed"] for c in show.cues("song"))
    spans = sorted(show.voices())
    assert max(b[0] - a[1] for a, b in zip(spans, spans[1:])) < 12 * SAMPLE_RATE


def test_a_song_begins_on_a_bar_line_of_the_bed_and_its_notes_follow_it() -> None:
    show = Rehearsal(100)
    show.run(30, {1.0: chat("ren", "sing about rain")})
    song = next(c for c in show.cues("song") if not c.data["bed"])
    bars = {c.sample for c in show.cues("bar") if c.owner.startswith("bed")} | {
        c.end for c in show.cues("bar") if c.owner.startswith("bed")
    }
    assert song.sample in bars
    kicks = [m.sample for m in show.band.messages if isinstance(m, NoteEvent) and m.owner == song.owner]
    assert kicks[:4] == [song.sample + i * 24_000 for i in range(4)]
    assert any(
        isinstance(m, Cancel) and m.sample == song.sample and m.owner.startswith("bed") for m in show.band.messages
    )


def test_an_answer_to_a_quiet_room_is_placed_at_the_horizon() -> None:
    show = Rehearsal(None, talk=1e9, idle=1e6)
    show.run(8)
    show.run(2, {8.5: chat("mika", "hello?")})
    reply = show.cues("reply")[-1]
    assert reply.data["fan"] == "mika"
    assert reply.sample - 8.5 * SAMPLE_RATE <= show.band.lead + 3 * FRAME
    assert show.director.answers.latencies[-1].audible == reply.sample


def test_an_idle_line_gives_way_at_a_word_and_memory_keeps_what_was_heard() -> None:
    long = [Clause(" ".join(f"word{i}" for i in range(30)))]
    mind = FakeMind(lambda ask: long if ask.moment.situation == "idle" else [Clause(f"yes {ask.fan}")])
    show = Rehearsal(None, mind=mind, talk=1e9)
    show.run(9)
    assert mind.asks[-1].moment.situation == "idle"
    show.run(3, {9.0: chat("mika", "hey")})
    cut = next(c for c in show.cues("reply") if c.data.get("cut"))
    ends = {c.end for c in show.cues("word") if c.owner == cut.owner}
    assert cut.end in ends
    assert 0 < len(str(cut.data["text"]).split()) < 30
    assert show.cues("reply")[-1].data["fan"] == "mika"


def test_a_silent_mind_does_not_hold_up_the_show() -> None:
    mind = FakeMind()
    mind.silent = True
    show = Rehearsal(60, mind=mind)
    show.run(60, {1.0: chat("mika", "hi")})
    assert show.director.over
    assert len(show.cues("bar")) > 20


def test_a_song_that_cannot_be_written_is_forgotten_and_the_show_goes_on() -> None:
    show = Rehearsal(60)
    show.studio._compose = lambda job: tune(4, False, "Bed") if isinstance(job, Bed) else None
    show.run(60, {1.0: chat("ren", "sing about rain"), 20.0: chat("mika", "hi")})
    assert "mika" in [c.data["fan"] for c in show.cues("reply")]


def test_next_ends_a_song_at_a_bar_and_goes_on_with_the_bed() -> None:
    show = Rehearsal(None)
    show.run(14, {1.0: chat("ren", "sing about rain")})
    assert show.director.phase == "song"
    show.director.skip(show.band.horizon)
    show.run(4)
    song = next(c for c in show.cues("song") if not c.data["bed"])
    assert (song.length) % 96_000 == 0
    assert song.length < 17 * 96_000
    assert show.director.phase == "banter"


def test_the_same_seed_and_chat_give_the_same_timeline() -> None:
    def run() -> list[str]:
        show = Rehearsal(60)
        show.run(60, {1.0: chat("mika", "hi"), 2.0: chat("ren", "sing about rain"), 30.0: chat("aoi", "encore")})
        return [cue.to_json() for cue in show.timeline]

    assert run() == run()


@pytest.mark.slow
def test_hours_of_show_stay_bounded() -> None:
    show = Rehearsal(None)
    for minute in range(120):
        base = minute * 60.0
        show.run(
            60,
            {base + t: chat(f"fan{int(t * 7 + minute) % 40}", f"{minute} {t}") for t in (1.0, 9.0, 20.0, 33.0, 47.0)},
        )
        show.timeline.forget(show.now - 60 * SAMPLE_RATE)
        show.band.messages.clear()
        show.studio.performed.clear()
        assert len(show.timeline) < 6_000
        assert len(show.director.orders) <= 8
        assert len(show.director.answers.latencies) <= 10_000
        assert len(show.director.answers) < 10
    phases = {c.data["name"] for c in show.cues("phase")}
    assert phases <= {"talk", "song", "banter"}


def test_a_song_of_tonight_is_come_back_to_once_and_told_to_the_mind() -> None:
    show = Rehearsal(None, talk=20.0)
    show.run(420)
    sung = [c.data["title"] for c in show.cues("song") if not c.data["bed"]]
    told = [n.text for n in show.mind.news if isinstance(n, Happened) and n.kind == "song"]
    assert told
    assert told == sung[: len(told)]
    back = [a for a in show.mind.asks if a.moment.situation == "callback"]
    assert 1 <= len(back) <= 2
    assert back[0].moment.song in sung
    heard = [n for n in show.mind.news if isinstance(n, Heard)]
    assert len(heard) >= len(show.cues("reply")) - 2


def test_a_cut_line_is_heard_only_up_to_the_cut() -> None:
    words = [Clause("one two three four"), Clause("five six seven eight nine ten eleven twelve thirteen fourteen")]
    show = Rehearsal(None, FakeMind(lambda ask: words), songs=False)
    show.run(4.5, {2.0: chat("mika", "tell me something")})
    show.director.say("Operator here.", show.band.horizon, "interrupt")
    show.run(6)
    cut = next(c for c in show.cues("reply") if c.data.get("cut"))
    news = {n.id: n.clauses for n in show.mind.news if isinstance(n, Heard)}
    assert all("fourteen" not in clause for clause in news.get(cut.owner, ()))
    assert cut.data["text"].split() == " ".join(c.text for c in words).split()[: len(cut.data["text"].split())]
    after = [c for c in show.cues("phoneme") if c.owner == cut.owner and c.sample > cut.end]
    captions = [c for c in show.cues("caption") if c.owner == cut.owner]
    assert not after
    assert all(c.end <= cut.end for c in captions)
