"""The learned voice: its forward pass, its tokens, what it proposes, and the novelty gate."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from audio.compose import Wish, compose, novelty
from audio.compose.learned import tokens
from audio.compose.learned.model import MelodyModel, melody_model, read_safetensors
from audio.compose.metre import metre_of
from audio.compose.propose import ROWS, propose
from tests.audio.songs import LUMI


def tiny() -> MelodyModel:
    """A model with random weights in the shipped one's layout."""
    rng = np.random.default_rng(1)
    width, layers, context = 24, 2, 64
    tensors = {"wte.weight": (tokens.VOCABULARY, width), "wpe.weight": (context, width)}
    for i in range(layers):
        at = f"h.{i}."
        tensors |= {f"{at}attn.c_attn.weight": (width, 3 * width), f"{at}attn.c_attn.bias": (3 * width,)}
        tensors |= {f"{at}attn.c_proj.weight": (width, width), f"{at}attn.c_proj.bias": (width,)}
        tensors |= {f"{at}mlp.c_fc.weight": (width, 4 * width), f"{at}mlp.c_fc.bias": (4 * width,)}
        tensors |= {f"{at}mlp.c_proj.weight": (4 * width, width), f"{at}mlp.c_proj.bias": (width,)}
        tensors |= {f"{at}ln_{n}.{p}": (width,) for n in (1, 2) for p in ("weight", "bias")}
    tensors |= {"ln_f.weight": (width,), "ln_f.bias": (width,)}
    return MelodyModel({k: (0.3 * rng.standard_normal(s)).astype(np.float32) for k, s in tensors.items()}, 4)


def test_the_forward_pass_equals_the_one_of_transformers() -> None:
    torch = pytest.importorskip("torch", reason="needs torch, an extra")
    transformers = pytest.importorskip("transformers", reason="needs transformers, an extra")
    path = Path(novelty.HERE) / "melody.safetensors"
    tensors, meta = read_safetensors(path)
    model = MelodyModel(tensors, int(meta["heads"]))
    width, context = tensors["wte.weight"].shape[1], tensors["wpe.weight"].shape[0]
    layers = len({k.split(".")[1] for k in tensors if k.startswith("h.")})
    config = transformers.GPT2Config(
        vocab_size=tokens.VOCABULARY, n_positions=context, n_embd=width, n_layer=layers, n_head=int(meta["heads"])
    )
    theirs = transformers.GPT2LMHeadModel(config).eval()
    theirs.transformer.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
    row = np.random.default_rng(2).integers(2, tokens.VOCABULARY, (2, 40))
    with torch.no_grad():
        wanted = theirs(torch.from_numpy(row)).logits.numpy()
    memory = model.begin(2)
    for i in range(row.shape[1]):
        scores = model.step(memory, row[:, i])
        assert np.abs(scores - wanted[:, i]).max() < 2e-3


def test_the_compose_path_needs_no_torch() -> None:
    code = (
        "import sys; from audio.compose import compose, Wish; from characters.definition import Definition;"
        "song = compose(Definition(), Wish(prompt='about bees', seed=3, bars=24));"
        "print('torch' in sys.modules, 'melody by model' in song.credits)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True
    )
    assert run.stdout.split()[0] == "False"


def test_a_tune_is_the_same_row_in_every_key_and_keeps_its_bars() -> None:
    notes = tuple((Fraction(i, 2), Fraction(1, 2), p) for i, p in enumerate((0, 2, 4, 5, 7, 5, 4, 2, 0, -1, 0)))
    tune = tokens.Tune("4/4", "major", notes, Fraction(4), Fraction(0), ((1, 1), (1, 22), (1, 1)))
    row, bars = tokens.tokenise(tune)
    assert tokens.sounds(row) == [p for _, _, p in notes]
    assert [row[i] for i in bars] == [tokens.bar_token(0), tokens.bar_token(1)]
    assert row[-1] == tokens.END
    assert all(0 <= t < tokens.VOCABULARY for t in row)


@pytest.mark.parametrize("text", ["4/4", "7/8", "3/4"])
def test_proposals_keep_rhythm_range_scale_and_prime(text: str) -> None:
    metre = metre_of(text)
    rhythms = [[0, 8, 16, 24, 40], [0, 8, 24, 40], [0, 8, 16, 24, 40]]
    found = propose(
        tiny(), rhythms, {0: 64, 8: 67}, (57, 72), (0, "major"), 16, metre, 2, True, lambda k, slot: "C", 5
    )  # fmt: skip
    assert len(found) == ROWS
    for tune in found:
        assert [[slot for slot, _ in phrase] for phrase in tune] == rhythms
        assert tune[0][:2] == [(0, 64), (8, 67)]
        pitches = [p for phrase in tune for _, p in phrase]
        assert all(57 <= p <= 72 and p % 12 in (0, 2, 4, 5, 7, 9, 11) for p in pitches)
        assert tune[-1][-1][1] % 12 == 0
    assert found == propose(
        tiny(), rhythms, {0: 64, 8: 67}, (57, 72), (0, "major"), 16, metre, 2, True, lambda k, slot: "C", 5
    )  # fmt: skip


def test_longest_shared_run_is_found_in_any_key() -> None:
    known = [[60, 62, 64, 65, 67, 69, 71, 72, 71, 67], [60, 55, 60, 64, 62, 59, 60]]
    index = novelty.index_of(known, ["scale", "call"])
    like = index.longest([50, 50, *(p + 5 for p in known[1]), 40])
    assert (like.notes, like.tune, like.at) == (7, "call", 2)
    assert index.longest([60, 73, 61, 74]).notes <= 2
    assert index.longest([60]).notes == 0
    brute = 0
    rng = np.random.default_rng(3)
    line = [int(p) for p in 60 + rng.integers(-4, 5, 60)]
    steps = [b - a for a, b in zip(line, line[1:])]
    for tune in known:
        other = [b - a for a, b in zip(tune, tune[1:])]
        for i in range(len(steps)):
            for j in range(len(other)):
                n = 0
                while i + n < len(steps) and j + n < len(other) and steps[i + n] == other[j + n]:
                    n += 1
                brute = max(brute, n)
    assert index.longest(line).notes == brute + 1


def test_every_tune_of_the_training_set_has_its_source_and_none_is_from_essen() -> None:
    listing = novelty.tunes()
    assert len(listing) > 4000
    assert {t["collection"] for t in listing} == {"oneills1850", "airdsAirs", "ryansMammoth", "bach"}
    assert all(t["file"] and t["notes"] >= 24 for t in listing)


def test_a_known_tune_is_recognised() -> None:
    data = np.load(novelty.HERE / "known.npz")
    tune = np.concatenate([[60], 60 + np.cumsum(data["steps"][: data["ends"][0]][:30].astype(int))])
    assert novelty.known().longest([int(p) for p in tune]).notes >= 25


def test_an_earlier_song_is_not_written_again() -> None:
    first = compose(LUMI, Wish(prompt="about bees", seed=4, bars=24))
    assert first.voice is not None
    tune = tuple(n.pitch for n in first.voice.notes)
    second = compose(LUMI, Wish(prompt="about bees", seed=4, bars=24, avoid=(tune,)))
    assert second.voice is not None
    assert novelty.index_of([tune], ["first"]).longest([n.pitch for n in second.voice.notes]).notes < novelty.LIMIT


def test_the_model_has_a_part_in_a_song_where_it_is_there() -> None:
    assert melody_model() is not None
    assert melody_model(Path("nowhere.safetensors")) is None
    credits_ = [compose(LUMI, Wish(prompt="about bees", seed=s, bars=24)).credits for s in range(4)]
    assert any("melody by model" in c for c in credits_)
