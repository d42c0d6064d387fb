"""The embedded voice: any bank behind the ``Voice`` interface, and the choice of bank."""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from audio.voice import plan as plans
from audio.voice import sing, speak
from audio.voice.flite import VOICES, FliteBank
from audio.voice.formant import FormantBank
from audio.voice.model import Layout, Phrase, Spoken, Take, Voice, VoiceSettings
from audio.voice.sound import Level, measured
from audio.voice.source import Bank, VoiceError

_KEPT = 64
"""Plans remembered between ``layout`` and ``render``."""


class BankVoice:
    """A voice from a bank. Safe to call from several threads."""

    def __init__(self, bank: Bank, settings: VoiceSettings) -> None:
        self.name = bank.name
        self.settings = settings
        self._bank = bank
        self._plans: OrderedDict[Phrase, plans.Plan] = OrderedDict()
        self._lock = threading.Lock()
        self._levelled = False
        self._level: Level | None = None

    def layout(self, phrase: Phrase) -> Layout:
        """Phones, words and samples of a phrase, in milliseconds and without audio."""
        return self._plan(phrase).layout

    def render(self, layout: Layout) -> Take:
        """The sound of a layout; the same layout gives the same samples."""
        level = None if isinstance(layout.phrase, Spoken) else self._sung_level()
        pcm, f0 = plans.perform(self._plan(layout.phrase), self._bank, self.settings, level)
        return Take(layout, pcm.astype(np.float32, copy=False), f0.astype(np.float32, copy=False))

    def _sung_level(self) -> Level | None:
        """How loud this voice sings, found once: no phrase is levelled by itself, so an edit moves nothing else."""
        with self._lock:
            if not self._levelled:
                self._levelled = True
                try:
                    plan = sing.plan(self._bank, self.settings, sing.scale_line(self.settings))
                    self._level = measured(plans.raw(plan, self._bank, self.settings)[0])
                except VoiceError:  # a bank without these syllables: each phrase is levelled by itself
                    self._level = None
            return self._level

    def _plan(self, phrase: Phrase) -> plans.Plan:
        with self._lock:
            known = self._plans.get(phrase)
            if known is not None:
                self._plans.move_to_end(phrase)
                return known
        if isinstance(phrase, Spoken):
            made = speak.plan(self._bank, self.settings, phrase)
        else:
            made = sing.plan(self._bank, self.settings, phrase)
        with self._lock:
            self._plans[phrase] = made
            while len(self._plans) > _KEPT:
                self._plans.popitem(last=False)
        return made


def open_voice(settings: VoiceSettings) -> Voice:
    """A voice with the character's settings.

    A bank that cannot be opened here (its library is missing, or its name unknown) is replaced by the formant bank,
    which needs nothing, and a warning says why.
    """
    bank: Bank
    try:
        bank = _bank(settings)
    except VoiceError as error:
        known = ", ".join((*VOICES, "formant", *(f"{kind}:PLACE" for kind in _KINDS)))
        warnings.warn(f"{error}; using the formant voice instead (banks: {known})", RuntimeWarning, stacklevel=2)
        bank = FormantBank()
    return BankVoice(bank, settings)


_KINDS = ("vits", "piper", "kokoro", "utau")


def _bank(settings: VoiceSettings) -> Bank:
    """The bank that a character names. Raises VoiceError."""
    if settings.bank == "formant":
        return FormantBank()
    kind, colon, place = settings.bank.partition(":")
    if not colon or kind not in _KINDS:
        return FliteBank(settings.bank)
    if not place:
        raise VoiceError(f"voice bank {settings.bank!r} names no place: write {kind}:PLACE")
    # These need packages that are not always there, and time to load: only when asked for.
    if kind == "utau":
        from audio.voice.utaubank import UtauBank

        return UtauBank(place, (settings.low + settings.high) / 2)
    from audio.voice import neural
    from audio.voice.recorded import RecordedBank, SpeechSource

    sources: dict[str, Callable[[str], SpeechSource]] = {
        "vits": neural.VitsSource,
        "piper": neural.PiperSource,
        "kokoro": neural.KokoroSource,
    }
    return RecordedBank(sources[kind](place))
