"""What MusicXML calls things: note values, chord kinds, keys; shared by its writer and its reader."""

from __future__ import annotations

import re
from fractions import Fraction

MAX_NOTES = 200_000
MAX_MEASURES = 10_000
MAX_XML = 64_000_000
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 '
    'Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
TYPES = {
    Fraction(4): ("whole", 0), Fraction(3): ("half", 1), Fraction(2): ("half", 0), Fraction(3, 2): ("quarter", 1),
    Fraction(1): ("quarter", 0), Fraction(3, 4): ("eighth", 1), Fraction(1, 2): ("eighth", 0),
    Fraction(3, 8): ("16th", 1), Fraction(1, 4): ("16th", 0), Fraction(1, 8): ("32nd", 0), Fraction(6): ("whole", 1),
}  # fmt: skip
KINDS = {
    "": "major", "m": "minor", "dim": "diminished", "aug": "augmented", "7": "dominant", "maj7": "major-seventh",
    "m7": "minor-seventh", "mmaj7": "major-minor", "m7b5": "half-diminished", "dim7": "diminished-seventh",
    "sus4": "suspended-fourth", "sus2": "suspended-second", "6": "major-sixth", "m6": "minor-sixth", "5": "power",
    "9": "dominant-ninth", "maj9": "major-ninth", "m9": "minor-ninth", "11": "dominant-11th", "m11": "minor-11th",
    "13": "dominant-13th", "maj13": "major-13th",
}  # fmt: skip
QUALITIES = {v: k for k, v in KINDS.items()}
FIFTHS = {"major": 0, "minor": -3, "dorian": -2, "phrygian": -4, "lydian": 1, "mixolydian": -1}
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
