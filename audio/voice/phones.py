"""The phones of English: IPA, viseme and kind of each ARPABET symbol."""

from __future__ import annotations

from dataclasses import dataclass

from audio.voice.lexicon import VOWELS


@dataclass(frozen=True, slots=True)
class Sound:
    """What is known of a phone. ``kind``: vowel, stop, affricate, fricative, nasal, liquid, glide, aspirate or rest."""

    ipa: str
    viseme: str
    kind: str
    voiced: bool = True


_TABLE = """
AA ɑ aa vowel;AE æ aa vowel;AH ʌ aa vowel;AO ɔ oh vowel;AW a aa vowel;AY a aa vowel;EH ɛ E vowel;ER ɝ RR vowel;
EY e E vowel;IH ɪ ih vowel;IY i ih vowel;OW o oh vowel;OY ɔ oh vowel;UH ʊ ou vowel;UW u ou vowel;
P p PP stop -;B b PP stop;T t DD stop -;D d DD stop;K k kk stop -;G g kk stop;
CH tʃ CH affricate -;JH dʒ CH affricate;
F f FF fricative -;V v FF fricative;TH θ TH fricative -;DH ð TH fricative;S s SS fricative -;Z z SS fricative;
SH ʃ CH fricative -;ZH ʒ CH fricative;HH h kk aspirate -;
M m PP nasal;N n nn nasal;NG ŋ kk nasal;L l nn liquid;R ɹ RR liquid;W w ou glide;Y j ih glide;
sil - sil rest -;breath - sil rest -
"""

SOUNDS: dict[str, Sound] = {
    row[0]: Sound("" if row[1] == "-" else row[1], row[2], row[3], len(row) < 5)
    for row in (entry.split() for entry in _TABLE.replace("\n", "").split(";"))
}

OFFGLIDES = {"AY": "IH", "EY": "IH", "OY": "IH", "AW": "UH", "OW": "UH"}
"""Where diphthongs end. A layout gives a diphthong as two phones: its first target and this."""


def sound(symbol: str) -> Sound:
    """Facts of a symbol (without digit); unknown ones are a neutral vowel."""
    return SOUNDS.get(symbol, SOUNDS["AH"])


def is_vowel(symbol: str) -> bool:
    """Whether a symbol (without digit) can carry a note."""
    return symbol in VOWELS
