"""The mix: a causal desk for the band, and the same chain offline."""

from audio.mix.master import master
from audio.mix.meters import bands, correlation, loudness, true_peak

__all__ = ["bands", "correlation", "loudness", "master", "true_peak"]
