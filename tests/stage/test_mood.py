"""Her mood: moved by events, drifting back, held by the operator, the same however often it is asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from characters import load
from characters.persona.model import MOODS
from stage.clock import SAMPLE_RATE
from stage.director.mood import AXES, EVENTS, Mood, temper
from tests.stage.test_director import Rehearsal, chat


def lumi() -> Mood:
    return Mood(temper(load("lumi").persona.traits))


def test_praise_lifts_insults_sink_and_time_brings_her_back() -> None:
    mood = lumi()
    rest = dict(mood.values)
    for n in range(6):
        mood.feel("insult", n * SAMPLE_RATE)
    assert mood.values["valence"] < rest["valence"] - 0.4
    assert mood.name() in ("sad", "surprised", "neutral")
    mood.at(20 * 60 * SAMPLE_RATE)
    assert mood.values == pytest.approx(rest, abs=0.01)
    for n in range(4):
        mood.feel("compliment_song", 20 * 60 * SAMPLE_RATE + n)
    assert mood.values["valence"] > rest["valence"] + 0.2


def test_songs_tire_her_and_tired_she_chooses_slow_ones() -> None:
    mood = lumi()
    for n in range(8):
        mood.feel("song_ended", n * 30 * SAMPLE_RATE)
    assert mood.values["fatigue"] > 0.6
    assert mood.drive < lumi().drive - 0.2
    assert mood.song() == "slow"


def test_the_operator_holds_an_axis_and_lets_it_go() -> None:
    mood = lumi()
    mood.adjust("arousal", 0.95)
    mood.feel("silence", SAMPLE_RATE)
    mood.at(3600 * SAMPLE_RATE)
    assert mood.values["arousal"] == 0.95
    assert mood.name() == "excited"
    mood.adjust("arousal", None)
    mood.at(4000 * SAMPLE_RATE)
    assert mood.values["arousal"] == pytest.approx(mood.rest["arousal"], abs=0.01)
    with pytest.raises(ValueError, match="one of valence"):
        mood.adjust("anger", 1.0)


@given(st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.integers(0, 10**9), st.floats(0, 50)), max_size=60))
@settings(max_examples=80, deadline=None)
def test_it_stays_in_bounds_and_has_a_word(events: list[tuple[str, int, float]]) -> None:
    mood = lumi()
    for name, sample, amount in events:
        mood.feel(name, sample, amount)
    assert all((-1 if axis == "valence" else 0) <= mood.values[axis] <= 1 for axis in AXES)
    assert mood.name() in MOODS
    assert 0.5 <= mood.face() <= 1.0


def test_looking_often_changes_nothing() -> None:
    often, once = lumi(), lumi()
    for mood in (often, once):
        mood.feel("gift", 0)
    for sample in range(0, 60 * SAMPLE_RATE, 1600):
        often.at(sample)
    once.at(60 * SAMPLE_RATE)
    often.at(60 * SAMPLE_RATE)
    assert often.values == pytest.approx(once.values)


def test_the_show_feels_it_and_tells_it() -> None:
    show = Rehearsal(None, talk=1e9)
    show.run(20, {4.0 + n / 2: chat(f"f{n}", f"tip number{n}", "paid") for n in range(8)})
    moods = show.cues("mood")
    assert 3 <= len(moods) <= 5
    assert moods[-1].data["valence"] > moods[0].data["valence"]
    assert show.mind.asks[-1].moment.mood == "excited"


def test_votes_choose_the_theme_of_her_own_song() -> None:
    from stage.gateway.model import FanEvent

    show = Rehearsal(None, talk=12.0)
    ballots = {
        2.0 + n / 10: FanEvent(f"v{n}", f"fan{n % 7}", "vote", "paper boats" if n % 7 < 4 else "trains")
        for n in range(21)
    }
    show.run(30, ballots)
    wishes = [job for job in show.studio.written if hasattr(job, "theme")]
    assert wishes[0].theme == "paper boats"
