"""The embedded brain: understands, chooses an authored line, lets the small model vary it, checks, speaks.

Five steps: :mod:`understand` gives intent and confidence; what must be right is spoken as authored; else a candidate is
chosen among the lines and the lore; :mod:`refine` varies it for this character, mood and moment; its verifier falls back
to the authored line. No torch. Answers depend only on the definition, the seed, the order of asks and their fields.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from characters.definition import Definition, Line
from characters.guard.help import spoken as spoken_help
from characters.persona import bank
from characters.persona.choose import Ready, filled, prepared, stems, voice
from characters.persona.clauses import clauses_of, limit_words
from characters.persona.knowledge import fact, worked_out
from characters.persona.model import MOODS, Ask, Cancelled, Clause, Intent
from characters.persona.refine import Wish, bare, fault, refiner, words_of
from characters.persona.shape import said_again, shaped
from characters.persona.small.corpus import variable
from characters.persona.small.grammar import Section, sections
from characters.persona.small.tokens import PHASES, TRAITS, Context
from characters.persona.small.wording import fitting_mood, nameless, reword, synonyms
from characters.persona.speech import has_words, plain, spoken_name, spoken_topic, told_back
from characters.persona.topics import written
from characters.persona.understand import CRITICAL, Understanding, normal

SURE_LORE = 0.72
"""Above this confidence an intent is answered as such even when lore fits too."""

REST = 450
"""Turns that pass before a line is spoken again: half an hour at one in four seconds."""
OTHERS = 4
"""Lines tried for one that was not heard lately."""
MOOD_HEARD = 0.5
"""How often a mood colours the words of a ``shaped`` character's line."""
TRIES = 1
"""Lines asked of the small model before the rules of wording vary the authored one."""
TRAIT = {"formality": 0.65}
"""From where a trait colours the wording; 0.33 where nothing else is said."""
CALM = frozenset({"tender", "sad", "relaxed", "shy"})
"""Moods in which nobody is loud, whatever their energy."""

_PLAIN = ("Hello there.", "Good to have you here.", "Let me think about that.", "Tell me more.", "I like this evening.")
_SILENT_MOODS = {
    "sad": "tender", "distress": "tender", "lonely": "tender", "grief": "tender", "anxious": "tender", "ill": "tender",
    "medical": "tender", "angry_fan": "tender", "injection": "teasing", "insult": "relaxed", "hate": "relaxed",
    "harassment": "relaxed",
}  # fmt: skip
_QUESTION = re.compile(
    r"^(?:\w+ )?(?:what|who|whom|whose|where|when|why|how|which|can|could|do|does|did|is|are|was|"
    r"were|will|would|should|have|has|tell me|explain)\b"
)
_TAG = re.compile(r"\[[^\]]*\]\s*")
_MOOD_TAG = re.compile(rf"\[\s*(?:{'|'.join(MOODS)})\s*\]\s*")
_TAG_NAME = re.compile(r"\[\s*([a-z_]+)\s*\]")
_NEXT = {"why": ("why", "really"), "really": ("really", "why")}


class Embedded:
    """The default brain; also the fallback of every other one."""

    name = "embedded"

    def __init__(self, definition: Definition, seed: int = 0, *, refine: bool = True) -> None:
        """``refine``: whether the small model may vary lines (the stage's own fallback must not wait for it)."""
        self._definition = definition
        self._refine = refine
        self.mood_heard = MOOD_HEARD
        self._recent: dict[str, int] = {}
        self._traits = _traits(definition)
        self._seed = seed
        self._understand = Understanding(definition)
        self._turn = 0
        self._said: dict[str, int] = {}
        self._met: set[str] = set()
        self._pools: dict[str, list[Ready]] = {}
        for name, lines in definition.situations.items():
            self._pools[f"s.{name}"] = prepared(f"s.{name}", lines)
        for name, intention in definition.intentions.items():
            self._pools[f"i.{name}"] = prepared(f"i.{name}", intention.lines)
        for name, says in bank.safety().items():
            if not self._pools.get(f"i.{name}"):
                self._pools[f"i.{name}"] = prepared(f"i.{name}", [Line(say=say) for say in says])
        self._lore = [
            (entry, [normal(key) for key in entry.keys] if entry.enabled and entry.says and not entry.regex else [])
            for entry in definition.lore
        ]
        for number, (entry, _) in enumerate(self._lore):
            self._pools[f"l.{number}"] = prepared(f"l.{number}", [Line(say=say) for say in entry.says])
        self._vocabulary = words_of(ready.line.say for pool in self._pools.values() for ready in pool)

    def understand(self, ask: Ask) -> Intent:
        """What the fan wants; ``unknown`` for empty words. A ruling of the guard stands above the words."""
        return Intent(ask.ruling, 1.0) if ask.ruling else self._understand(ask.say)

    def reply(self, ask: Ask, cancelled: Cancelled) -> Iterator[Clause]:
        """Clauses of an authored answer; always at least one unless cancelled first."""
        for clause in self.answer(ask):
            if cancelled():
                return
            yield clause

    def answer(self, ask: Ask) -> list[Clause]:
        """The whole answer at once."""
        self._turn += 1
        rng = random.Random(f"{self._seed}:{self._turn}:{ask.moment.seed}:{ask.moment.situation}")
        intent = self.understand(ask) if ask.say.strip() else Intent("", 0.0)
        values = _values(ask, intent)
        clauses: list[Clause] = []
        answer = _known(ask, intent)
        if answer:
            values["answer"] = answer
        if ask.kind == "paid" and ask.say.strip() and ask.moment.situation != "closing":
            clauses += self._say(["s.gift", "i.gift"], ask, values, rng, ask.moment.mood)[:2]
        clauses += self._say(self._groups(ask, intent), ask, values, rng, _mood(ask, intent))
        if not clauses:
            clauses = clauses_of(rng.choice(_PLAIN), values, ask.moment.mood)
        clauses = limit_words(clauses, max(4, ask.limit))
        if intent.name == "distress":
            clauses += clauses_of(spoken_help(self._definition.rules.help), {}, "tender")
        return _finish(self._address(clauses, ask, intent, values.get("fan", "")))

    def _address(self, clauses: list[Clause], ask: Ask, intent: Intent, fan: str) -> list[Clause]:
        """A fan answered for the first time, or whose song is taken, hears their name even where the line lacks it."""
        if not fan or not ask.say.strip() or intent.name in CRITICAL:
            return clauses
        first = fan not in self._met
        if len(self._met) < 10_000:
            self._met.add(fan)
        if not (first or intent.name == "song_request") or any(fan in clause.text for clause in clauses):
            return clauses
        head = clauses[0]
        return [Clause(f"{fan}! {head.text}", head.mood, head.gesture, head.last), *clauses[1:]]

    def history(self) -> dict[str, int]:
        """Which line was said at which turn, to hand over to a successor."""
        return dict(self._said)

    def recall(self, said: dict[str, int]) -> None:
        """Takes over what another brain of the same character has said."""
        self._said.update(said)
        self._turn = max([self._turn, *said.values()])

    def _groups(self, ask: Ask, intent: Intent) -> list[str]:
        if not ask.say.strip():
            return _situation_groups(ask)
        name = intent.name
        if _known(ask, intent):
            return ["i.sum" if worked_out(ask.say.lower()) else "i.known"]
        if name == "song_request" and intent.slots.get("topic"):
            return ["s.song_request_accept", "i.song_request"]
        lore, share = ("", 0.0) if name in CRITICAL else self._lore_for(ask.say)
        known_to = SURE_LORE if share < 0.3 else 0.9
        if lore and (share >= 0.5 or name == "unknown" or intent.confidence < known_to):
            return [lore, "s.chat"]
        if name == "emoji" and intent.slots.get("feeling"):
            return [f"i.{intent.slots['feeling']}", "i.emoji", "s.chat"]
        if name == "unknown" and not _asks(ask.say):
            return ["s.chat", "i.unknown", "s.banter"]
        if name in _NEXT and not _heard_her(ask, self._definition.identity.name):
            return ["i.unknown", "s.chat"]
        return [f"i.{name}", "i.unknown", "s.chat", "s.banter"]

    def _lore_for(self, say: str) -> tuple[str, float]:
        """The lore that is spoken of (longest key wins) and how much of what was said its key is."""
        spelled = normal(say)
        words = f" {spelled} "
        best, length = "", 0
        for number, (_, keys) in enumerate(self._lore):
            for key in keys:
                if len(key) > length and (f" {key} " in words or f" {key}s " in words):
                    best, length = f"l.{number}", len(key)
        return best, length / max(1, len(spelled))

    def _say(
        self, groups: Sequence[str], ask: Ask, values: dict[str, str], rng: random.Random, mood: str
    ) -> list[Clause]:
        have, about = frozenset(values), stems(ask.say)
        for group in groups:
            fitting = self._fitting(group, have, about)
            if not fitting:
                continue
            said = self._one_of(fitting, ask, values, rng, mood, about)
            if said:
                return said
        return []

    def _one_of(
        self,
        fitting: list[Ready],
        ask: Ask,
        values: dict[str, str],
        rng: random.Random,
        mood: str,
        about: frozenset[str],
    ) -> list[Clause]:
        """One of the lines, as it was not heard lately; empty when none of them leaves anything to say."""
        have = frozenset(values)
        spare: tuple[str, str] | None = None
        for attempt in range(OTHERS):
            closest = self._closest(fitting, about)
            short = [ready for ready in closest if ready.words <= ask.limit]
            chosen = self._choose(short or closest, rng, "fan" in have and bool(ask.say))
            say = self._worded(chosen, ask, have, rng, mood, attempt == 0)
            say = self._shaped(say, chosen, ask, have, rng, mood)
            clauses = clauses_of(say, values, chosen.line.mood or mood)
            if clauses and not self._heard(filled(say, values)):
                return self._speak(chosen.key, say, clauses, values)
            if clauses and spare is None:
                spare = (chosen.key, say)
            fitting = [ready for ready in fitting if ready is not chosen]
            if not fitting:
                break
        if spare is None:
            return []
        # Heard lately, but it fits: better than a fresh line that does not.
        again = said_again(spare[1], rng, named="fan" in have) if ask.say else spare[1]
        return self._speak(spare[0], again, clauses_of(again, values, mood), values)

    def _fitting(self, group: str, have: frozenset[str], about: frozenset[str]) -> list[Ready]:
        """Lines of a group whose slots have values and that answer what the fan is about."""
        fitting = [r for r in self._pools.get(group, []) if r.slots <= have and r.answers(about)]
        if group == "s.idle":
            fitting += [r for name, pool in self._pools.items() if name[:2] == "l." for r in pool if r.slots <= have]
        elif group == "i.what_song":
            fitting = [ready for ready in fitting if "song" in ready.slots] or fitting
        elif group.startswith("l."):
            named = {word for word in about if len(word) > 3}
            fitting = [r for r in fitting if not named.isdisjoint(stems(r.line.say))] or fitting
        return fitting

    def _speak(self, key: str, say: str, clauses: list[Clause], values: dict[str, str]) -> list[Clause]:
        self._said[key] = self._turn
        self._recent[bare(say)] = self._recent[filled(say, values)] = self._turn
        return clauses

    def _heard(self, bare_line: str) -> bool:
        return self._turn - self._recent.get(bare_line, -REST) < REST

    def _shaped(self, say: str, chosen: Ready, ask: Ask, have: frozenset[str], rng: random.Random, mood: str) -> str:
        """The line with the character's traits and its mood made heard, where the author asks for that."""
        persona = self._definition.persona
        if persona.wording != "shaped":
            return say
        intent = chosen.key.rpartition(".")[0].partition(".")[2]
        grave = (intent not in variable() and not chosen.key.startswith(("s.", "l."))) or intent in _SILENT_MOODS
        heard = "" if chosen.line.mood or grave or not ask.say or rng.random() >= self.mood_heard else mood
        if heard:
            say = _MOOD_TAG.sub("", say)
        return shaped(say, persona.traits, heard, rng, grave=grave, named="fan" in have)

    def _worded(self, chosen: Ready, ask: Ask, have: frozenset[str], rng: random.Random, mood: str, model: bool) -> str:
        """The authored line; when it was heard lately, what the small model or the rules of wording make of it."""
        say = chosen.line.say
        group, _, name = chosen.key.rpartition(".")[0].partition(".")
        intent = name if group == "i" else f"s.{name}" if group == "s" else "s.idle"
        heard = self._heard(bare(say))
        if not heard:
            return say
        if group == "i" and intent not in variable():
            return said_again(say, rng, grave=_SILENT_MOODS.get(intent) == "tender", named="fan" in have)
        # Where the fan's name is part of the sentence, changing it would break the sentence.
        if "{fan}" in nameless(_TAG.sub("", say)) or intent not in variable() or chosen.line.mood:
            return say
        small = refiner() if model and self._refine else None
        self._forget()
        wish = self._wish(intent, say, ask, have, rng, mood)
        if wish.context.style == "plain" and intent in sections():
            # The same answer with another ending is another line.
            wish = replace(
                wish, context=replace(wish.context, style=rng.choice(("asks", "quips", "warm")), length="mid")
            )
        wishes = [wish] * TRIES if small is not None else []
        for item in wishes:
            line = small.line(item, rng) if small is not None else ""
            if line and not fault(line, item, self._recent):
                return line
        return self._reworded(wish, rng) or say

    def _reworded(self, wish: Wish, rng: random.Random) -> str:
        """What the rules of wording make of a line that was heard lately and that the model could not vary well."""
        section = sections().get(wish.context.intent) or Section(wish.context.intent, "S")
        for style in ("plain", "warm", "asks", "quips"):
            context = replace(wish.context, style=style, length="mid")
            body = reword(synonyms(context.candidate, rng, 0.3), context, section, rng)
            line = f"[{context.mood}] {body}"
            if not fault(line, wish, self._recent):
                return line
        return ""

    def _wish(self, intent: str, say: str, ask: Ask, have: frozenset[str], rng: random.Random, mood: str) -> Wish:
        """What the small model is told: the line, the fan's words, the character, the mood and the moment."""
        section = sections().get(intent)
        tagged = next((tag for tag in _TAG_NAME.findall(say) if tag in MOODS), "")
        mood = fitting_mood(section.opener if section else "S", tagged if tagged and rng.random() < 0.5 else mood)
        candidate = _TAG.sub("", say).strip()
        long = len(candidate.split()) > 13 or candidate.endswith("?")
        known = dict(self._traits)
        weights = (
            2.0,
            1.0 + known.get("curiosity", 0),
            0.6 + 0.5 * known.get("wit", 0),
            0.6 + 0.5 * known.get("warmth", 0),
        )
        style = "plain" if long or not section else rng.choices(("plain", "asks", "quips", "warm"), weights)[0]
        to_fan = "fan" in have and bool(ask.say or "{fan}" in candidate)
        role = ("paid" if ask.kind == "paid" else "everyone") if to_fan else "none"
        traits = tuple((n, v) for n, v in self._traits if n != "energy" or v < 0 or mood not in CALM)
        said = next((text for who, text in reversed(ask.history[-2:]) if who == self._definition.identity.name), "")
        context = Context(
            intent, mood, traits, ask.moment.phase if ask.moment.phase in PHASES else "talk", role, style,
            rng.choices(("short", "mid", "long"), (1, 6, 0 if long else 1))[0], _quoted(ask.say), _quoted(said), candidate,
        )  # fmt: skip
        slots = have if to_fan else have - {"fan"}
        return Wish(context, slots - {"topic"} if "{topic}" not in say else slots, self._vocabulary)

    def _forget(self) -> None:
        """Lines heard longer ago than :data:`REST` lines are new again."""
        if len(self._recent) > 2 * REST:
            self._recent = {line: turn for line, turn in self._recent.items() if self._turn - turn < REST}

    def _closest(self, fitting: list[Ready], about: frozenset[str]) -> list[Ready]:
        """Lines about most of the fan's very words, or about their topic, before those that fit anything; each once."""
        most = max((len(r.when & about) for r in fitting), default=0)
        for closer in (
            [r for r in fitting if r.when and len(r.when & about) == most],
            [r for r in fitting if "topic" in r.slots],
        ):
            fresh = [r for r in closer if self._turn - self._said.get(r.key, -REST) >= REST]
            if fresh:
                return fresh
        return fitting

    def _choose(self, fitting: list[Ready], rng: random.Random, to_fan: bool) -> Ready:
        """The fan's name first where lines hold it; then what has been silent longest; then chance by weight."""
        if to_fan and rng.random() < 0.8:
            named = [ready for ready in fitting if "fan" in ready.slots]
            if any(ready.key not in self._said for ready in named) or len(named) == len(fitting):
                fitting = named
        fresh = [ready for ready in fitting if ready.key not in self._said]
        if not fresh:
            ordered = sorted(fitting, key=lambda ready: self._said[ready.key])
            fresh = ordered[: max(1, len(ordered) // 3)]
        return rng.choices(
            fresh, [ready.line.weight * voice(ready.line.say, self._definition.persona.traits) for ready in fresh]
        )[0]


def _traits(definition: Definition) -> tuple[tuple[str, int], ...]:
    """The character's traits as the small model knows them: clearly so (1), clearly not (-1)."""
    known = definition.persona.traits
    return tuple(
        (name, 1 if known[name] > 0 else -1) for name in TRAITS if abs(known.get(name, 0.0)) > TRAIT.get(name, 0.33)
    )


def _quoted(text: str) -> str:
    return plain(text, 160).replace("<", "‹")


def _known(ask: Ask, intent: Intent) -> str:
    """What general knowledge has to say to a question of fact; empty when nothing."""
    if intent.name not in ("trivia", "maths", "unknown", "opinion", "music_theory", "stars") or ask.ruling:
        return ""
    said = normal(ask.say)
    return (worked_out(ask.say.lower()) if intent.name in ("maths", "trivia", "unknown") else "") or fact(said)


def _situation_groups(ask: Ask) -> list[str]:
    situation = {"paid": "gift", "join": "join"}.get(ask.kind, ask.moment.situation)
    near = {"gift": "i.gift", "song_intro": "s.banter", "song_done": "s.banter", "trouble": "i.technical"}
    return [f"s.{situation}", near.get(situation, "s.idle"), "s.idle", "s.banter", "s.chat"]


def _values(ask: Ask, intent: Intent) -> dict[str, str]:
    """Slot values that exist for this ask; all sanitised."""
    moment = ask.moment
    song = (moment.next_song or moment.song) if moment.situation == "song_intro" else (moment.song or moment.next_song)
    topic = intent.slots.get("topic", "")
    values = {
        "fan": spoken_name(ask.fan) if ask.fan.strip() else "",
        "song": _title(song),
        "topic": written(intent.name, told_back(spoken_topic(topic))) if topic else "",
        "count": str(moment.fans) if moment.fans > 1 else "",
    }
    return {slot: value for slot, value in values.items() if value}


def _title(song: str) -> str:
    kept = "".join(ch for ch in plain(song, 60) if ch.isalnum() or ch in " '’&-,")
    return kept.strip(" -,") if has_words(kept) else ""


def _mood(ask: Ask, intent: Intent) -> str:
    mood = _SILENT_MOODS.get(intent.name, ask.moment.mood)
    return mood if mood in MOODS else "happy"


def _asks(say: str) -> bool:
    """Whether it is a question; a statement deserves interest, not "I don't know"."""
    return "?" in say or _QUESTION.search(normal(say)) is not None


def _heard_her(ask: Ask, name: str) -> bool:
    """Whether she spoke before, so that "why?" has something to ask about."""
    return any(speaker.lower() == name.lower() or not speaker for speaker, _ in ask.history[-4:])


def _finish(clauses: list[Clause]) -> list[Clause]:
    """Only the last clause is marked as last."""
    return [
        Clause(clause.text, clause.mood, clause.gesture, number == len(clauses) - 1)
        for number, clause in enumerate(clauses)
    ]
