"""The small model: corpus, tokenizer, trainer at smoke size, numpy forward pass, constrained lines and their verifier."""

from __future__ import annotations

import importlib.util
import random
import re
from pathlib import Path

import numpy as np
import pytest

from characters.definition import Definition
from characters.persona.embedded import Embedded
from characters.persona.faithful import faithful
from characters.persona.model import GESTURES, MOODS, Ask, Moment
from characters.persona.refine import MODEL, Wish, fault, refiner
from characters.persona.shape import TRAITS, shaped
from characters.persona.small import evaluate, tokens
from characters.persona.small.bpe import Bpe
from characters.persona.small.corpus import samples
from characters.persona.small.grammar import expand, sections
from characters.persona.small.runtime import Llama
from characters.persona.tagguard import TAGS, TagGuard

missing = [name for name in ("torch", "transformers", "tokenizers") if importlib.util.find_spec(name) is None]
needs_torch = pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")
needs_model = pytest.mark.skipif(refiner() is None, reason="the small model's weights are not here")


def test_tokens_are_those_of_the_stage() -> None:
    assert tokens.MOODS == MOODS
    assert tokens.GESTURES == GESTURES
    assert set(sections()) <= set(tokens.intents())


def test_every_template_expands() -> None:
    rng = random.Random(1)
    for section in sections().values():
        for template in [*section.fans, *(core.text for core in section.cores), *section.questions]:
            assert expand(template, rng)


def test_the_corpus_is_the_same_twice_and_clean() -> None:
    first, second = list(samples(5, 300)), list(samples(5, 300))
    assert first == second
    for item in first:
        assert not re.search(r"  | ,|,,|\. ,|!\.|\(|\)|<", item.reply), item.reply
        assert item.mood in MOODS
        assert set(re.findall(r"\{(\w+)\}", item.reply)) <= set(tokens.SLOTS)


@needs_model
def test_python_bpe_is_the_tokenizers_library(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    ours, theirs = Bpe(MODEL / "tokenizer.json"), tokenizers.Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    for text in ("Hello, Mika!  It's 9 o'clock.", "çok güzel ✨🔥 你好", " two  spaces", "don't SHOUT!!!", ""):
        assert ours.encode(text) == theirs.encode(text, add_special_tokens=False).ids
    assert not set(ours.encode("<bos><m:happy>")) & set(ours.special.values())


@needs_model
@needs_torch
def test_numpy_equals_transformers_on_the_shipped_weights() -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(MODEL, local_files_only=True, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(MODEL, local_files_only=True)
    prompt = "<bos><warmth+><p:talk><r:everyone><says>hi<i:greeting><m:happy><y:plain><l:mid><reply>"
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    ours, state = Llama(MODEL), None
    state = ours.state()
    ours.forward(ids[:5], state)
    mine = ours.forward(ids[5:], state)
    with torch.no_grad():
        theirs = model(torch.tensor([ids])).logits[0, -1].numpy()
    assert np.abs(mine - theirs).max() < 2e-3
    assert int(mine.argmax()) == int(theirs.argmax())
    assert tokenizer.apply_chat_template(
        [{"role": "user", "content": "hi"}], tokenize=False, add_generation_prompt=True
    )


@needs_torch
def test_training_at_smoke_size_gives_a_folder_transformers_reads(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    from characters.persona.small.train import main

    facts = main(["--smoke", "--steps", "2", "--out", str(tmp_path)])
    assert facts["steps"] == 2
    assert facts["held_out_loss"] > 0
    assert AutoModelForCausalLM.from_pretrained(tmp_path, local_files_only=True).config.model_type == "llama"


@needs_model
def test_refined_lines_keep_slots_tags_and_meaning(lumi: Definition) -> None:
    rng, model = random.Random(3), refiner()
    assert model is not None
    brain = Embedded(lumi)
    good = 0
    for n in range(30):
        name = rng.choice(("greeting", "thanks", "pets", "share", "compliment", "sad"))
        line = rng.choice(lumi.intentions[name].lines).say
        ask = Ask("a", Moment("chat", mood=rng.choice(MOODS)), "mika", f"hello number {n}")
        wish = brain._wish(name, line, ask, frozenset({"fan", "topic"}), rng, ask.moment.mood)
        said = model.line(wish, rng)
        assert all(tag in (*MOODS, *GESTURES) for tag in re.findall(r"\[(\w+)\]", said))
        good += bool(said) and not fault(said, wish, ())
    assert good >= 21


@pytest.mark.parametrize(
    ("line", "why"),
    [("[happy] Hello, {fan}!", ""), ("[happy] Hello, {song}!", "slots"), ("[happy] zorbling frumpet {fan}.", "unknown word"),
     ("[happy] Hello {fan}", "length"), ("[happy] Hello the the {fan}.", "stutter"), ("Hi, {fan}.", "heard")],
)  # fmt: skip
def test_the_verifier_names_the_fault(line: str, why: str) -> None:
    wish = Wish(tokens.Context("greeting"), frozenset({"fan"}))
    assert fault(line, wish, {"hi {fan}"}) == why


@needs_model
def test_lines_side_by_side_are_the_same_lines() -> None:
    model, items = refiner(), list(samples(77, 7))
    assert model is not None
    wishes = [Wish(item.context, frozenset(tokens.SLOTS)) for item in items]
    alone = [model.line(wish, random.Random(n)) for n, wish in enumerate(wishes)]
    assert model.lines([(wish, random.Random(n)) for n, wish in enumerate(wishes)]) == alone
    assert all(alone)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("Oh wow, {fan}! I love trams. They ring!", True),
        ("I adore trams, {fan}. They ring! What do you think?", True),
        ("I love trams, {fan}!", False),
        ("I love trams dignified, {fan}. They ring!", False),
        ("They ring! I love trams.", False),
        ("I love trams. They ring! Buy my socks.", False),
    ],
)
def test_a_varied_line_says_all_of_its_candidate_and_nothing_strange(line: str, kept: bool) -> None:
    assert faithful("I love trams, {fan}. They ring!", line, "travel") == kept


def test_traits_and_moods_are_heard_where_the_author_wants_them_shaped() -> None:
    found = evaluate.control(36)
    assert all(share >= 0.85 for share in found.values()), found  # 0.95 at full count, see docs/mind.md


def test_shaping_keeps_tags_slots_and_grave_words() -> None:
    rng = random.Random(2)
    for line in ("[happy] [wave] It's {song}, {fan}. I'm glad!", "[tender] I'm sorry, {fan}. Don't stay alone."):
        for level in (-1.0, 1.0):
            for trait in TRAITS:
                said = shaped(line, {trait: level}, "sad", rng)
                assert said.startswith(line[: line.rfind("] ") + 1])
                assert re.findall(r"\{song\}", said) == re.findall(r"\{song\}", line)
        assert len(shaped(line, dict.fromkeys(TRAITS, 1.0), "", rng, grave=True).split()) <= len(line.split()) + 3


def test_a_language_model_can_only_write_legal_tags() -> None:
    pieces = ["[", "happy", "hap", "py", "]", "evil", " [", "[wave]", "hello", ".", " ", "[evil", "wave] hi"]
    guard = TagGuard(pieces)
    assert "[" in TAGS[0]
    assert {pieces[n] for n in guard.allowed("[") or []} == {"happy", "hap", "wave] hi"}
    assert {pieces[n] for n in guard.allowed("[hap") or []} == {"py"}
    assert {pieces[n] for n in guard.allowed("[happy") or []} == {"]"}
    assert guard.allowed("[happy] hello") is None
    assert "[evil" in {pieces[n] for n in guard.banned("Hello. ")}
    assert {"[", " [", "[wave]"} <= {pieces[n] for n in guard.banned("hello there")}


@needs_model
def test_a_line_is_not_heard_twice_in_half_an_hour(lumi: Definition) -> None:
    brain = Embedded(lumi, 2)
    said = []
    for n in range(40):
        ask = Ask(str(n), Moment("chat", seed=n, mood=MOODS[n % 4]), "mika", ("tell me a joke", "hi lumi")[n % 2])
        said.append(" ".join(clause.text for clause in brain.answer(ask)))
    assert len(set(said)) >= 38
