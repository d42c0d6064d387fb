"""Every instrument by name: how it is made, how many notes it holds, how loud it stands and where it goes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instrument:
    """One patch. ``make`` is ``synth`` (pyo voices), ``modal`` (notes computed as tables) or ``drums``."""

    name: str
    make: str
    voices: int
    gain_db: float
    """Calibrated: a usual part at velocity 0.8 stands at its usual place in a full mix."""
    release: float = 0.3
    """Seconds a note may sound on after its end."""
    ducked: bool = False
    echo: float = 0.0
    width: float = 1.0
    octave: int = 0
    stamp: str = ""
    """What file it comes from, so that another file of the same name is not taken for it."""


CATALOG: dict[str, Instrument] = {
    i.name: i
    for i in (
        Instrument("kit_synth", "drums", 32, -5.1),
        Instrument("kit_soft", "drums", 32, -3.7),
        Instrument("kit_break", "drums", 32, -4.7),
        Instrument("bass_sub", "synth", 2, -12.7, 0.15, ducked=True),
        Instrument("bass_pluck", "synth", 3, -7.9, 0.15, ducked=True),
        Instrument("bass_saw", "synth", 2, -13.9, 0.15, ducked=True),
        Instrument("pad_warm", "synth", 8, -19.7, 1.4, ducked=True, width=0.9),
        Instrument("pad_glass", "synth", 8, -18.4, 1.8, ducked=True, width=0.9),
        Instrument("keys_ep", "modal", 20, -7.6, 0.25, width=2.5),
        Instrument("keys_organ", "synth", 8, -16.6, 0.12, width=1.2),
        Instrument("keys_piano", "modal", 28, -5.6, 0.22, width=2.0),
        Instrument("pluck", "synth", 8, -13.5, 0.5, echo=0.22, width=0.9),
        Instrument("arp_square", "synth", 4, -13.5, 0.2, echo=0.25),
        Instrument("lead_saw", "synth", 3, -8.9, 0.3, echo=0.2),
        Instrument("lead_soft", "synth", 3, -17.0, 0.4, echo=0.18),
        Instrument("bell", "modal", 16, -5.3, 1.2, echo=0.15, width=1.8),
        Instrument("strings", "synth", 8, -1.4, 0.9, ducked=True, width=0.9),
        Instrument("guitar", "modal", 12, -7.8, 0.12, width=2.5),
    )
}
"""All instruments by name."""


SAMPLED = ("sf2:", "sfz:")
"""Names that begin so are files of the user's."""


def known(name: str) -> bool:
    """Is there an instrument of that name, or may a file be meant?"""
    return name in CATALOG or name.startswith(SAMPLED)


def instrument(name: str) -> Instrument:
    """The instrument of that name; ValueError names the ones there are. Sampled ones are read (``SampleError``)."""
    if name.startswith(SAMPLED):
        from audio.instruments.sampled import open_bank

        bank = open_bank(name)
        return Instrument(name, "modal", 28, -10.0, bank.release, stamp=bank.stamp)
    try:
        return CATALOG[name]
    except KeyError:
        raise ValueError(f"unknown instrument {name!r}; one of {', '.join(CATALOG)}") from None
