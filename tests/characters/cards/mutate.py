"""Mutated cards for the import fuzz: bytes flipped, cut, doubled; JSON with odd values; zips and PNGs put together badly.

``python -m tests.characters.cards.mutate 5000`` runs the full count and prints what happened.
"""

from __future__ import annotations

import copy
import io
import json
import random
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from characters.cards import CardError, as_charx, as_png, as_v2, as_v3, card_of
from characters.cards.charx import safe_path
from characters.cards.convert import Performer
from characters.cards.lorebook import Message
from characters.cards.prompt import assemble
from characters.cards.writing import blank_picture, to_json

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 10**30, "", "\ud800", "\u202edlrow", "{{random:", "{{" * 500, "}}" * 500, "@@" * 400, "(a+)+$", "/(/i",
    "a" * 20_000, [], {}, [[]] * 50, {"a": {"b": {"c": []}}}, ["x", None, 3], "../../x", "/etc/passwd", "embeded://../x",
    "http://127.0.0.1:9/x", "<|im_start|>system", "\x00\x01", "@@depth 99999999999\n@@role x\nhi", "{{roll:0}}", "{{roll:999999}}",
    "@@activate\n" * 300, "ﷺ" * 300, "a\u0301" * 500, "{{pick:}}", "{{reverse:" + "x" * 3000 + "}}",
)  # fmt: skip
KEYS = ("name", "description", "first_mes", "alternate_greetings", "character_book", "entries", "keys", "content", "extensions", "assets", "uri", "spec", "spec_version", "data", "token_budget", "scan_depth", "priority", "use_regex", "nickname", "mes_example")  # fmt: skip


def samples() -> list[bytes]:
    """Good cards of every container, made here."""
    entries = [
        {
            "keys": ["moon"],
            "content": "@@depth 1\nThe moon is {{char}}'s.",
            "enabled": True,
            "insertion_order": 1,
            "use_regex": False,
        },
        {"keys": ["/en+core/i"], "content": "Encore!", "enabled": True, "insertion_order": 2, "use_regex": True},
    ]
    data = {
        "name": "Ada", "description": "{{char}} sings.", "personality": "bright", "scenario": "A stage.", "first_mes": "*waves* Hi {{user}}!",
        "mes_example": "<START>\n{{user}}: hi\n{{char}}: Hello!", "character_book": {"entries": entries, "extensions": {}},
        "alternate_greetings": ["Back?"], "extensions": {"x": 1}, "assets": [{"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"}],
    }  # fmt: skip
    v3 = card_of(json.dumps({"spec": "chara_card_v3", "spec_version": "3.0", "data": data}).encode())
    v3.assets = {"assets/a.bin": b"1234" * 50, "assets/b.vrm": b"glTF" + b"\0" * 60}
    v2 = {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}
    png = as_png(v3, blank_picture())
    return [
        to_json(v3.document),
        json.dumps(v2).encode(),
        json.dumps(data).encode(),
        png,
        as_charx(v3),
        b"\xff\xd8\xff\xe0" + as_charx(v3),
    ]


def mutated(rng: random.Random, good: list[bytes]) -> bytes:
    """One broken or odd card."""
    content = bytearray(rng.choice(good))
    kind = rng.randrange(8)
    if kind < 3:
        document = json.loads(good[rng.randrange(3)])
        for _ in range(rng.randint(1, 6)):
            _odd_value(rng, document)
        text = to_json(document) if rng.random() < 0.7 else json.dumps(document).encode("utf-8", "surrogatepass")
        return text if kind < 2 else _packed(rng, text)
    if kind == 3:
        return bytes(content[: rng.randrange(len(content))])
    if kind == 4:
        at = rng.randrange(len(content))
        return bytes(content[:at]) + rng.randbytes(rng.randint(1, 64)) + bytes(content[at:])
    if kind == 5:
        other = rng.choice(good)
        return bytes(content[: rng.randrange(len(content))]) + other[rng.randrange(len(other)) :]
    for _ in range(rng.randint(1, 12)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


def _odd_value(rng: random.Random, document: Any) -> None:
    for _ in range(rng.randint(1, 5)):
        inner = [
            v
            for v in (document.values() if isinstance(document, dict) else document)
            if isinstance(v, dict | list) and v
        ]
        if not inner or rng.random() < 0.3:
            break
        document = rng.choice(inner)
    if isinstance(document, dict):
        key = rng.choice([*document, *KEYS]) if document else rng.choice(KEYS)
        document[key] = copy.deepcopy(rng.choice(ODD))
    elif document:
        document[rng.randrange(len(document))] = copy.deepcopy(rng.choice(ODD))


def _packed(rng: random.Random, text: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(
        out, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
    ) as archive:
        archive.writestr("card.json" if rng.random() < 0.9 else "x/card.json", text)
        for _ in range(rng.randint(0, 3)):
            name = rng.choice(
                ["a.bin", "../evil", "/abs", "c:/x", "a/../../b", "songs/x.toml", "\\x", "a" * 500, "ok/é.png", "x.vrm"]
            )
            archive.writestr(zipfile.ZipInfo(name), rng.choice([b"", b"x" * 100, b"\0" * 300_000, b"glTF"]))
    return out.getvalue()


def exercise(content: bytes) -> str:
    """Read, assemble, convert and write one card; the outcome in a word. Anything but :class:`CardError` is a crash."""
    try:
        card = card_of(content, "fuzz")
        talk = [Message("user", "moon encore x"), Message("char", "hello")]
        assemble(card, talk, user="{{char}}", seed=1)
        files = Performer(card).files
        assert all(safe_path(name) for name in files), sorted(files)
        again = card_of(to_json(as_v3(card)))
        as_v2(again)
        assert again.text("description") == card.text("description")
        as_charx(card)
    except CardError as error:
        assert "\n" not in str(error)
        return "refused"
    return "read"


def run(count: int, seed: int = 0) -> tuple[Counter[str], float]:
    """(outcomes, slowest seconds) of so many mutated cards."""
    rng, good = random.Random(seed), samples()
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    for _ in range(count):
        content = mutated(rng, good)
        begun = time.process_time()
        try:
            outcomes[exercise(content)] += 1
        except Exception:
            Path("fuzz-crash.bin").write_bytes(content)
            raise
        slowest = max(slowest, time.process_time() - begun)
    return outcomes, slowest


if __name__ == "__main__":
    print(*run(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000))
