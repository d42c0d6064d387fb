"""Plans speech: the bank's own timing under the character's rate, an own intonation, pauses and breaths."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from audio.voice import phones as sounds
from audio.voice import text
from audio.voice.model import Layout, Phone, Spoken, VoiceSettings, Word
from audio.voice.plan import Breath, Colours, Passage, Plan, frames, shown
from audio.voice.sound import drift
from audio.voice.source import HOP, SAMPLE_RATE, Bank, Floats, Source

_RANGE = 1.7
"""Semitones (standard deviation) of the bank's own intonation that are kept."""
_CONSONANTS, _LAST = 1.12, 1.25
"""Times longer that a consonant is spoken than the bank says it, and one that closes a word besides."""
_QUESTION_WORDS = ("what", "who", "whom", "whose", "where", "when", "why", "how", "which")


@dataclass(frozen=True, slots=True)
class Mood:
    """What a mood does to speech: semitones up, times of intonation range and of rate, added breath, dB."""

    pitch: float = 0.0
    range: float = 1.0
    rate: float = 1.0
    breath: float = 0.0
    level: float = 0.0


MOODS = {
    "neutral": Mood(),
    "happy": Mood(1.2, 1.3, 1.05, 0.0, 0.5),
    "excited": Mood(2.4, 1.6, 1.12, 0.0, 1.5),
    "playful": Mood(1.5, 1.5, 1.04, 0.0, 0.0),
    "teasing": Mood(0.6, 1.4, 0.98, 0.05, 0.0),
    "surprised": Mood(2.8, 1.6, 1.06, 0.0, 1.0),
    "proud": Mood(0.5, 1.2, 0.97, 0.0, 0.5),
    "calm": Mood(-0.6, 0.8, 0.94, 0.06, -1.0),
    "tender": Mood(-0.3, 0.85, 0.92, 0.15, -1.5),
    "shy": Mood(0.5, 0.75, 0.95, 0.2, -2.5),
    "sad": Mood(-1.6, 0.6, 0.87, 0.12, -2.0),
    "sleepy": Mood(-2.0, 0.6, 0.82, 0.2, -2.5),
    "angry": Mood(0.8, 1.3, 1.06, -0.1, 1.5),
    "whisper": Mood(0.0, 0.5, 0.92, 1.0, -4.0),
}
_ALIASES = {
    "joy": "happy", "fun": "playful", "love": "tender", "soft": "tender", "sorrow": "sad", "relaxed": "calm",
    "hype": "excited", "surprise": "surprised", "thinking": "calm", "wistful": "sad", "serious": "calm",
}  # fmt: skip


def mood_of(name: str) -> Mood:
    """A mood by name; unknown names are neutral."""
    name = name.strip().lower()
    return MOODS.get(_ALIASES.get(name, name), MOODS["neutral"])


def plan(bank: Bank, settings: VoiceSettings, phrase: Spoken) -> Plan:
    """Layout and passages of a line."""
    mood = mood_of(phrase.mood)
    rate = float(np.clip(phrase.rate, 0.4, 2.5)) * settings.rate * mood.rate
    seed = zlib.crc32(repr(phrase).encode())
    at = 0
    passages: list[Passage] = []
    phones: list[Phone] = []
    words: list[Word] = []
    breaths: list[Breath] = []
    parts = text.clauses(phrase.text)
    for i, clause in enumerate(parts):
        source = bank.read(clause.spoken)
        said = _Clause(source, clause, at, rate, len(words))
        if not said.phones:
            continue
        phones += said.phones
        words += said.words
        passages.append(said.passage(settings, phrase, mood, seed + 7 * i))
        at = said.phones[-1].end
        if i + 1 < len(parts):
            gap = round((0.32 if clause.end in ".?!" and clause.end else 0.16) / rate**0.5 * SAMPLE_RATE)
            if len(clause.words) + len(parts[i + 1].words) >= 9 and clause.end:
                gap = max(gap, round(0.42 * SAMPLE_RATE))
                breaths.append(Breath(at + round(0.1 * SAMPLE_RATE), gap - round(0.16 * SAMPLE_RATE)))
                phones += shown("breath", breaths[-1].start, breaths[-1].start + breaths[-1].length)
            at += gap
    end = at + round(0.12 * SAMPLE_RATE) if phones else 0
    layout = Layout(phrase, tuple(phones), tuple(words), 0, end)
    return Plan(layout, tuple(passages), tuple(breaths), seed, mood.level)


class _Clause:
    """One clause on its way into time."""

    def __init__(self, source: Source, clause: text.Clause, at: int, rate: float, first_word: int) -> None:
        self.source, self.clause, self.at = source, clause, at
        sounding = [p for p in source.phones if p.symbol != "sil"]
        self.first = sounding[0].start if sounding else 0
        self.last = sounding[-1].end if sounding else 0
        self.frames, self.samples = _pace(source, self.first, self.last, at, HOP / rate)
        self.phones: list[Phone] = []
        self.words: list[Word] = []
        spans: dict[int, tuple[int, int]] = {}
        for phone in source.phones:
            if not self.first <= phone.start < self.last:
                continue
            start, end = np.rint(np.interp([phone.start, phone.end], self.frames, self.samples)).astype(int).tolist()
            owner = self._owner(phone.word)
            if owner >= 0:
                spans[owner] = (min(spans.get(owner, (start, 0))[0], start), end)
            glide = round((end - start) * 0.45)
            self.phones += shown(
                phone.symbol, start, end, phone.stress, first_word + owner if owner >= 0 else -1, -1, glide
            )
        before = at
        for i, written in enumerate(clause.words):
            start, end = spans.get(i, (before, before))
            self.words.append(Word(written, start, end))
            before = end

    def _owner(self, word: int) -> int:
        if word < 0:
            return -1
        token = int(self.source.words[word].partition(":")[0])
        owners = self.clause.owners
        return owners[min(max(token, 0), len(owners) - 1)]

    def passage(self, settings: VoiceSettings, phrase: Spoken, mood: Mood, seed: int) -> Passage:
        """Time map, loudness and intonation."""
        start, end = self.at, self.phones[-1].end
        tail = end + round(0.1 * SAMPLE_RATE)
        times, places = self.samples, self.frames
        gain_times = np.array([start - 1, start + 480, end - 2 * 0.03 * SAMPLE_RATE, end, tail], np.float64)
        gains = np.array([-12.0, 0.0, 0.0, -5.0, -60.0])
        at = frames(start, tail)
        tones = (
            settings.pitch + phrase.pitch + mood.pitch + self._melody(at, mood, end) + 0.12 * drift(len(at), 3.0, seed)
        )
        tones += settings.vocoder * (np.round(tones) - tones)
        f0 = (440 * 2 ** ((np.clip(tones, 30, 96) - 69) / 12)).astype(np.float32)
        effort = np.full(len(at), 0.6 * mood.level)
        colours = Colours(
            breath=np.full(len(at), mood.breath, np.float32),
            gender=np.full(len(at), settings.gender),
            growl=np.full(len(at), settings.growl, np.float32),
            harmony=np.full(len(at), 0.5 * settings.harmony, np.float32),
            choir=np.zeros(len(at), np.float32),
        )
        # A third above a speaking voice is a fixed one: there is no scale to take it from.
        second = f0 * np.float32(2 ** (4 / 12)) if settings.harmony > 0 else None
        return Passage(self.source, start, tail, times, places, gain_times, gains, f0, effort, colours, second)

    def _melody(self, at: Floats, mood: Mood, end: int) -> Floats:
        """Semitones around the speaking pitch: the bank's own line, wider; accents; fall or rise at the end."""
        place = np.interp(at, self.samples, self.frames)
        own = np.interp(place, np.arange(len(self.source.melody)), self.source.melody)
        kernel = np.hanning(15)
        own = np.convolve(np.pad(own, 7, mode="edge"), kernel / kernel.sum(), "valid")
        # Banks differ in how lively they are: what counts is the shape.
        own *= _RANGE / max(_RANGE, float(np.std(own)))
        share = np.clip((at - self.at) / max(1, end - self.at), 0, 1)
        line = own + 0.6 - 2.4 * share
        stressed = [p for p in self.phones if p.stress and sounds.is_vowel(p.symbol)]
        for i, phone in enumerate(stressed):
            centre, width = (phone.start + phone.end) / 2, 0.09 * SAMPLE_RATE
            strength = 1.9 if i in (0, len(stressed) - 1) else 1.1
            line += strength * np.exp(-0.5 * ((at - centre) / width) ** 2)
        line = line * mood.range
        if self.clause.end == "!":
            line = line * 1.2 + 0.8
        turn = (stressed[-1].start if stressed else self.at) - self.at
        late = np.clip((at - self.at - turn) / max(1, end - self.at - turn), 0, 1)
        if self.clause.end == "?" and self.clause.words[0].lower().strip("\"'") not in _QUESTION_WORDS:
            # A question of yes or no ends high, however low the sentence had come.
            line += (6.5 * mood.range**0.5 - line) * late**0.8
        elif self.clause.end in ".!;:" and self.clause.end:
            line -= 2.0 * late**1.5
        else:
            line += 1.2 * late
        return line


def _pace(source: Source, first: int, last: int, at: int, scale: float) -> tuple[Floats, Floats]:
    """When each frame of a clause is due: points (source frame, sample), and a little before and after it."""
    frames, samples = [float(first)], [float(at)]
    spoken = [p for p in source.phones if first <= p.start < last]
    for i, phone in enumerate(spoken):
        slow = 1.0
        if phone.symbol != "sil" and not sounds.is_vowel(phone.symbol):
            closing = i + 1 == len(spoken) or spoken[i + 1].word != phone.word
            slow = _CONSONANTS * (_LAST if closing else 1.0)
        frames.append(float(phone.end))
        samples.append(samples[-1] + (phone.end - phone.start) * slow * scale)
    reach = 0.1 * SAMPLE_RATE
    frames = [frames[0] - reach / scale, *frames, frames[-1] + reach / scale]
    return np.array(frames), np.array([samples[0] - reach, *samples, samples[-1] + reach])
