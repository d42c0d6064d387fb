"""Lyrics onto notes: which phones each note sings."""

from __future__ import annotations

from dataclasses import dataclass, field

from audio.voice import kana, lexicon
from audio.voice import phones as sounds
from audio.voice.model import SungNote

HOLD = ("_", "-", "~", "")


@dataclass(slots=True)
class Syllable:
    """What one note (and the notes it is held over) sings."""

    notes: list[int]
    text: str
    phones: list[str] = field(default_factory=list)
    """ARPABET with stress digits."""
    words: list[int] = field(default_factory=list)
    """For each phone, the word it belongs to."""

    def parts(self) -> tuple[int, int]:
        """Index of the first vowel and index after the last: onset, nucleus, coda."""
        vowels = [i for i, phone in enumerate(self.phones) if sounds.is_vowel(lexicon.bare(phone))]
        if not vowels:
            hummed = [i for i, p in enumerate(self.phones) if sounds.sound(lexicon.bare(p)).kind in ("nasal", "liquid")]
            at = hummed[0] if hummed else len(self.phones) - 1
            return at, at + 1
        return vowels[0], vowels[-1] + 1


@dataclass(frozen=True, slots=True)
class Lyric:
    """All syllables of a phrase and the words they make."""

    syllables: tuple[Syllable, ...]
    words: tuple[str, ...]
    """Spelled as written, pieces joined."""


def read(notes: tuple[SungNote, ...]) -> Lyric:
    """Gives every note its phones; notes without a syllable hold the one before, or open with "ah"."""
    syllables: list[Syllable] = []
    words: list[str] = []
    run: list[Syllable] = []
    for i, note in enumerate(notes):
        text = note.lyric.strip()
        if text in HOLD and not note.phones and syllables:
            syllables[-1].notes.append(i)
            continue
        syllable = Syllable([i], text if text not in HOLD else "ah", [p.strip() for p in note.phones if p.strip()])
        syllables.append(syllable)
        run.append(syllable)
        if not text.endswith("-") or len(text) < 2:
            _word(run, words)
            run = []
    if run:
        _word(run, words)
    return Lyric(tuple(syllables), tuple(words))


def _word(run: list[Syllable], words: list[str]) -> None:
    """Pronounces the word(s) that a run of syllables spells."""
    pieces = [syllable.text.rstrip("-") for syllable in run]
    if len(run) == 1 and len(pieces[0].split()) > 1 and not run[0].phones:
        for word in pieces[0].split()[:4]:
            sounds_of = lexicon.pronounce(word)
            run[0].phones += sounds_of
            run[0].words += [len(words)] * len(sounds_of)
            words.append(word)
        if not run[0].phones:
            run[0].phones, run[0].words = ["AA1"], [len(words) - 1]
        return
    index = len(words)
    words.append("".join(pieces))
    if not any(syllable.phones for syllable in run) and not kana.is_kana(words[-1]):
        _share(run, pieces)
    for syllable, piece in zip(run, pieces):
        if not syllable.phones:
            said = kana.phones(piece) if kana.is_kana(piece) else lexicon.pronounce(piece)
            syllable.phones = list(said) or ["AA1"]
        syllable.phones = [_digit(phone) for phone in syllable.phones]
        syllable.words = [index] * len(syllable.phones)


def _share(run: list[Syllable], pieces: list[str]) -> None:
    """Deals the syllables of the whole word out to its pieces."""
    word = "".join(pieces)
    spoken = lexicon.syllables(word)
    if len(spoken) < len(run):
        return
    spelled = lexicon.split(word)
    if len(spelled) != len(spoken):
        spelled = tuple("x" for _ in spoken)
    target = 0.0
    at = 0
    for k, (syllable, piece) in enumerate(zip(run, pieces)):
        target += len(piece)
        left = len(run) - 1 - k
        stop = at + 1
        # Take more syllables while the spelling says they belong to this piece and enough are left for the rest.
        while left == 0 and stop < len(spoken):
            stop += 1
        while stop < len(spoken) - left and sum(map(len, spelled[: stop + 1])) <= target + 0.5:
            stop += 1
        for part in spoken[at:stop]:
            syllable.phones += part
        at = stop


def _digit(phone: str) -> str:
    """Upper case; vowels written without a stress digit get one; unknown symbols become a neutral vowel."""
    phone = phone.upper()
    bare = lexicon.bare(phone)
    if bare not in sounds.SOUNDS:
        return "AH0"
    return phone if phone != bare or not sounds.is_vowel(bare) else bare + "1"
