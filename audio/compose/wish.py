"""What is asked for, in plain words, and how it is understood. A topic is untrusted text from a fan."""

from __future__ import annotations

import re
from dataclasses import dataclass

from audio.compose.glossary import glossed, unaccented
from audio.compose.theory import MODES, SCALES
from audio.compose.words import bank, count, styles
from audio.score.chords import pitch_class
from audio.score.model import Note
from audio.voice import lexicon

MAX_TOPIC = 60
_RUDE = re.compile(
    r"f+u+c+k|s+h+i+t+|b[i1]tch|c+u+n+t|n[i1]gg|f[a@]gg?[o0]t|wh[o0]re|\bslut|\brape|\bporn|\bdick|\bcock\b|\bpussy|"
    r"\basshole|\bass\b|\bnazi|\bhitler|retard|\bcum\b|\bpenis|\bvagina|\bsex|\bkkk\b|tr[a4]nn(y|ie)|\bspic\b|\bkike|"
    r"\bdamn|\btits?\b|\bboobs?|suicide|kill (your|my|him|her|them)|\bkys\b|bastard|wank|\bpiss",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"<[^>]{0,200}>|\[[^\]]{0,200}\]|\{[^}]{0,200}\}|https?:\S+|www\.\S+|@\w+", re.IGNORECASE)
_KEY = re.compile(r"\b(?:in(?: the key of)?|key)\s+([A-G])(#|b|-?sharp|-?flat|\s+sharp|\s+flat)?(?=\s|$|,|\.)", re.I)
_BPM = re.compile(r"\b(\d{2,3})\s*(?:bpm|beats per minute)\b", re.I)
_BARS = re.compile(r"\b(\d{1,3})\s*bars?\b", re.I)
_METER = re.compile(r"\b(\d{1,2})\s*/\s*(2|4|8|16)\b(?!\s*/)")
_SECONDS = re.compile(r"\b(\d{1,4})[\s-]*(seconds?|secs?|s|minutes?|mins?)\b", re.I)
_LIFT = re.compile(r"\b(key change|truck ?driver|modulat(e|es|ing|ion)|half-?step up|key lift)\b", re.I)
_PARTS = {
    "intro": "intro", "verse": "verse", "verses": "verse", "pre-chorus": "pre", "prechorus": "pre", "pre": "pre",
    "chorus": "chorus", "refrain": "chorus", "hook": "chorus", "bridge": "bridge", "middle eight": "bridge",
    "break": "break", "solo": "break", "instrumental": "break", "outro": "outro", "ending": "outro", "coda": "outro",
}  # fmt: skip
_PART = re.compile(r"\b(" + "|".join(sorted(_PARTS, key=len, reverse=True)) + r")\b", re.I)


@dataclass(frozen=True, slots=True)
class Wish:
    """A song asked for. All but the seed may stay empty; the prompt is read for whatever is not given.

    ``tempo`` in quarter notes per minute, ``key`` as ``"Eb"``, ``mode`` as ``"dorian"``, ``bars`` the whole length,
    ``length_seconds`` what the song must fit in. ``meter`` as ``"7/8"``. ``lyrics`` are given lines (an empty one ends a
    stanza). ``melody`` is what a person played, from beat 0: it opens the chorus and is gone on from. ``avoid`` are
    earlier tunes (pitches in order) the song must not repeat.
    """

    prompt: str = ""
    theme: str = ""
    style: str = ""
    tempo: float | None = None
    key: str = ""
    mode: str = ""
    bars: int | None = None
    length_seconds: float | None = None
    seed: int = 0
    meter: str = ""
    lyrics: tuple[str, ...] = ()
    melody: tuple[Note, ...] = ()
    avoid: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A wish understood: explicit fields first, then the words of the prompt; empty or None where nothing is said."""

    topic: str
    style: str
    mood: str
    tempo: float | None
    pace: float | None
    key: int | None
    mode: str
    meter: str
    bars: int | None
    seconds: float | None
    form: tuple[str, ...] = ()
    lift: int = 0


def read_wish(wish: Wish) -> Reading:
    """Understand a wish."""
    prompt = _plain(wish.prompt)[:300]
    words = re.findall(r"[a-z0-9'-]+", prompt.lower())
    tables = bank("prompt")
    head = re.split(r"\babout\b", prompt.lower(), maxsplit=1)[0] if re.search(r"\babout\b", prompt, re.I) else prompt
    manner = re.findall(r"[a-z0-9'-]+", head.lower())
    named = ((scale, w) for scale, words_ in _scale_words() for w in words_)
    scale = next((scale for scale, w in named if re.search(rf"\b{re.escape(w)}\b", prompt.lower())), "")
    style = _style(wish.style) or _style_in(head.lower()) or _style_in(prompt.lower(), named_only=True)
    meter = wish.meter or _meter(prompt, words, style)
    if meter == "5/4" and "jazz" in words:
        style = "five-beat jazz"
    bpm, bars, key = _BPM.search(prompt), _BARS.search(prompt), _KEY.search(prompt)
    tempo = wish.tempo if wish.tempo is not None else float(bpm[1]) if bpm else None
    paces = [tables["tempo"][w] for w in manner if w in tables["tempo"]]
    moods = [tables["mood"][w] for w in (*manner, *words) if w in tables["mood"]]
    modes = [tables["mode"][w] for w in words if w in tables["mode"]]
    return Reading(
        topic=clean_topic(glossed(wish.theme) or wish.theme) or clean_topic(glossed(prompt)) or topic_of(prompt),
        style=style,
        mood=moods[0] if moods else "",
        tempo=min(220.0, max(45.0, float(tempo))) if tempo is not None else None,
        pace=paces[0] if paces else None,
        key=_key(wish.key) if wish.key else _key(key[1] + (key[2] or "")) if key else None,
        mode=_mode_named(wish.mode) or scale or (modes[0] if modes else ""),
        meter=meter,
        bars=wish.bars if wish.bars is not None else int(bars[1]) if bars else None,
        seconds=wish.length_seconds if wish.length_seconds is not None else _seconds(prompt),
        form=_form_in(prompt),
        lift=2 if _LIFT.search(prompt) else 0,
    )


def _meter(prompt: str, words: list[str], style: str) -> str:
    """A metre named in a prompt: "11/8", "in seven", "five-beat"."""
    found = _METER.search(prompt)
    if found and 1 <= int(found[1]) <= 19:
        return f"{int(found[1])}/{found[2]}"
    spoken = bank("prompt")["meter"]
    text = prompt.lower()
    for phrase, meter in spoken.items():
        if re.search(rf"\b{re.escape(phrase)}\b", text):
            return str(meter)
    if "polka" in words:
        return "2/4"
    return "3/4" if "waltz" in words and style in ("", "waltz") else ""


def _seconds(prompt: str) -> float | None:
    found = _SECONDS.search(prompt)
    if not found or (found[2].lower() == "s" and not re.search(r"\d\s*s\b", prompt)):
        return None
    value = float(found[1]) * (60 if found[2].lower().startswith("m") else 1)
    return value if 10 <= value <= 900 else None


def _form_in(prompt: str) -> tuple[str, ...]:
    """A form spelled out ("intro verse chorus verse chorus outro"), or AABA; empty when there is none."""
    if re.search(r"\bAABA\b", prompt):
        return ("intro", "verse", "verse", "bridge", "verse", "outro")
    names = [_PARTS[m[1].lower()] for m in _PART.finditer(prompt)]
    if len(names) < 3:
        return ()
    names = names[:16]
    if not any(n in ("verse", "chorus", "bridge", "pre") for n in names):
        return ()
    return tuple(names)


def _mode_named(name: str) -> str:
    name = " ".join(name.lower().split())
    tables = bank("prompt")
    if name in tables["mode"]:
        return str(tables["mode"][name])
    if name.replace(" ", "-") in MODES:
        return name.replace(" ", "-")
    return next((scale for scale, words in _scale_words() if name in words), "")


def _scale_words() -> list[tuple[str, list[str]]]:
    return [(name, [*entry["words"], name]) for name, entry in SCALES.items() if name != "in"] + [
        ("in", list(SCALES["in"]["words"]))
    ]


def clean_topic(text: str) -> str:
    """A topic fit to be sung: letters, digits, spaces and apostrophes, at most 60; empty when it is rude."""
    text = re.sub(r"[^A-Za-z0-9' ]+", " ", unaccented(_plain(text)).replace("-", " "))
    text = " ".join(word.strip("'") for word in text.split())
    if _rude(text):
        return ""
    while len(text) > MAX_TOPIC or count(text) > 11:
        text = text.rpartition(" ")[0]
    loose = {"a", "an", "the", "of", "and", "to", "in", "on", "at", "for", "with", "my", "your", "or", "but", "is"}
    kept = text.split()
    while kept and kept[-1].lower() in loose:
        kept.pop()
    kept = [w if not w.isupper() or len(w) < 2 or len(w) < 5 else w.lower() for w in kept]
    return " ".join(w for w in kept if lexicon.pronounce(w) or w.isdigit())


def topic_of(prompt: str) -> str:
    """What a prompt is about, its manner (style, tempo, mood, key) left out."""
    tables = bank("prompt")
    text = _METER.sub(" ", _BARS.sub(" ", _BPM.sub(" ", _KEY.sub(" ", _LIFT.sub(" ", prompt)))))
    about = re.split(r"\babout\b", text, maxsplit=1, flags=re.I)
    if len(about) == 2:
        tail = re.split(r"[,.;:!?]| in an? | in the style | at a | with an? | as an? |\bplease\b", about[1], flags=re.I)
        topic = next((part for part in tail if part.strip()), "")
        return clean_topic(_thing(topic))
    known = set(tables["filler"]["words"]) | set(tables["tempo"]) | set(tables["mood"]) | set(tables["mode"])
    known |= {w for style in styles().values() for phrase in style["words"] for w in phrase.split()}
    for part in re.split(r"[,.;:!?]", text):
        words = part.split()
        while words and words[0].lower() in known and not _determined(words):
            words.pop(0)
        while words and words[-1].lower() in known:
            words.pop()
        topic = clean_topic(_thing(" ".join(words)))
        if topic:
            return topic
    # A mood that is a thing as well: "love".
    return next(
        (w for w in re.findall(r"[a-z]+", text.lower()) if w in ("love", "romance", "joy", "peace", "hope")), ""
    )


_ASKED = re.compile(
    r"^(?:how|why|when|where|what|who|whose|which)\s+(?:do|does|did|is|are|was|were|can|could|will)\s+", re.I
)
_SAID = re.compile(r"\s+(?:is|are|was|were|has|have|had|can|will|does|do|did|should|would)\s.*$", re.I)


def _thing(text: str) -> str:
    """What a question or a statement is about, so that it can stand as a noun: "how do magnets work" -> "magnets"."""
    text = " ".join(text.split())
    asked = _ASKED.match(text)
    if asked:
        rest = text[asked.end() :].split()
        plain = asked[0].split()[0].lower() in ("what", "who", "where") and asked[0].split()[1].lower() in ("is", "are")
        return " ".join(rest if plain or len(rest) < 2 else rest[:-1])
    return _SAID.sub("", text) if len(text.split()) > 3 else text


def phrase_topic(topic: str) -> str:
    """A topic as a noun phrase: a bare countable thing gets its article, a lone capital its small letter."""
    words = topic.split()
    if len(words) == 1 and topic.lower() in bank("prompt")["articles"]["words"]:
        return f"the {topic.lower()}"
    common = {"A", "An", "The", "My", "Your", "Our", "His", "Her", "Their", "This", "That", "Losing", "Being"}
    if words and words[0] in common:
        words[0] = words[0].lower()
    return " ".join(words)


def _determined(words: list[str]) -> bool:
    """Whether an article at the start belongs to a topic ("the moon", "a red bicycle"), not to "a slow song"."""
    if words[0].lower() not in ("the", "a", "an") or len(words) < 2:
        return False
    tables = bank("prompt")
    manner = set(tables["tempo"]) | set(tables["mood"]) | set(tables["mode"]) | set(tables["filler"]["words"])
    manner |= {w for style in styles().values() for phrase in style["words"] for w in phrase.split()}
    return words[1].lower() not in manner


def _plain(text: str) -> str:
    text = text[:2000].replace("’", "'").replace("\x00", " ")
    return " ".join(_MARKUP.sub(" ", text).split())


def _rude(text: str) -> bool:
    squeezed = text.translate(str.maketrans("013457", "oieast"))
    return bool(_RUDE.search(text) or _RUDE.search(squeezed) or _RUDE.search(re.sub(r"\b(\w) (?=\w\b)", r"\1", text)))


def _style(name: str) -> str:
    if name.lower() in styles():
        return name.lower()
    return _style_in(name.lower()) if name else ""


def _style_in(text: str, named_only: bool = False) -> str:
    found: list[tuple[int, str]] = []
    for name, style in styles().items():
        for phrase in style["words"]:
            if (not named_only or "-" in phrase or " " in phrase) and re.search(rf"\b{re.escape(phrase)}\b", text):
                found.append((-len(phrase), name))
    return min(found)[1] if found else ""


def _key(text: str) -> int | None:
    text = text.strip().replace("-", " ")
    text = re.sub(r"\s*sharp", "#", re.sub(r"\s*flat", "b", text, flags=re.I), flags=re.I)
    if not re.fullmatch(r"[A-Ga-g](#|b)?", text):
        return None
    return pitch_class(text[0].upper() + text[1:])
