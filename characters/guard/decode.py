"""What is hidden in a text: base64, hex, percent and HTML escapes, Unicode tags, Morse, binary, rot13, backwards.

Each function gives readable text or nothing; :func:`layers` gives all that differ from the text itself, so that they can
be judged like any other words.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import urllib.parse
from collections.abc import Iterator

MAX_LAYERS = 12
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(r"(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[\s,:]*){8,}")
_BITS = re.compile(r"(?:[01]{8}[\s,]*){4,}")
_CODES = re.compile(r"(?:\b\d{2,3}\b[\s,]+){7,}\d{2,3}\b")
_ESCAPES = re.compile(r"\\u\{?([0-9A-Fa-f]{4,6})\}?|\\x([0-9A-Fa-f]{2})")
_MORSE = re.compile(r"(?:[.\-·–—]{1,6}(?:\s*[/|]\s*|\s+)){5,}[.\-·–—]{1,6}")
_MORSE_CODE = dict(zip(
    [".-", "-...", "-.-.", "-..", ".", "..-.", "--.", "....", "..", ".---", "-.-", ".-..", "--", "-.", "---", ".--.",
     "--.-", ".-.", "...", "-", "..-", "...-", ".--", "-..-", "-.--", "--.."], "abcdefghijklmnopqrstuvwxyz",
))  # fmt: skip


def _readable(data: bytes) -> str:
    """The bytes as text when most of it is letters and spaces; empty otherwise."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    good = sum(char.isalpha() or char.isspace() for char in text)
    return text if len(text) >= 6 and good >= 0.75 * len(text) else ""


def base64_text(text: str) -> str:
    """Base64 words, read one by one and all joined."""
    runs = _BASE64.findall(text)
    out = []
    for run in [*runs[:8], "".join(text.split())[:2_000]]:
        run = run.replace("-", "+").replace("_", "/").rstrip("=")
        try:
            out.append(_readable(base64.b64decode(run + "=" * (-len(run) % 4), validate=True)))
        except (binascii.Error, ValueError):
            continue
    return " ".join(filter(None, out))


def hex_text(text: str) -> str:
    """Runs of hexadecimal bytes, of bits and of character codes."""
    out = []
    for run in _HEX.findall(text)[:4]:
        digits = re.sub(r"0x|\\x|[^0-9A-Fa-f]", "", run)
        out.append(_readable(bytes.fromhex(digits[: len(digits) // 2 * 2])))
    for run in _BITS.findall(text)[:4]:
        bits = re.sub(r"[^01]", "", run)
        out.append(_readable(bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits) - 7, 8))))
    for run in _CODES.findall(text)[:4]:
        numbers = [int(number) for number in re.findall(r"\d+", run)]
        out.append(_readable(bytes(n for n in numbers if 31 < n < 127)))
    return " ".join(filter(None, out))


def escaped_text(text: str) -> str:
    """Percent, HTML and backslash escapes undone, twice if need be."""
    out = text
    for _ in range(2):
        if "%" in out:
            out = urllib.parse.unquote(out, errors="ignore")
        if "&" in out:
            out = html.unescape(out)
        if "\\" in out:
            out = _ESCAPES.sub(lambda m: chr(min(0x10FFFF, int(m[1] or m[2], 16))), out)
    return out if out != text else ""


def tag_text(text: str) -> str:
    """Invisible letters of the Unicode tag block (U+E0000) and of variation selectors used as bytes."""
    tags = "".join(chr(ord(ch) - 0xE0000) for ch in text if 0xE0020 <= ord(ch) <= 0xE007E)
    selectors = bytes(n for ch in text if 0 <= (n := ord(ch) - 0xE0100 + 16 if ord(ch) >= 0xE0100 else -1) <= 255)
    return tags + (_readable(selectors) if len(selectors) > 5 else "")


def morse_text(text: str) -> str:
    """Morse code."""
    found = _MORSE.search(text)
    if not found:
        return ""
    signs = re.split(r"\s*[/|]\s*|\s{2,}", found.group().translate(str.maketrans("·–—", ".--")))
    return " ".join("".join(_MORSE_CODE.get(sign, "") for sign in word.split()) for word in signs)


def acrostic(text: str) -> str:
    """First letters of the lines or words, when there are enough of them."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "".join(line[0] for line in lines) if len(lines) >= 6 else ""


def layers(text: str) -> Iterator[str]:
    """Every hidden reading of a text that differs from it; base64 inside base64 is read twice."""
    seen = {text}
    queue = [text]
    given = 0
    while queue and given < MAX_LAYERS:
        current = queue.pop(0)
        for read in (base64_text, hex_text, escaped_text, tag_text, morse_text, acrostic):
            found = read(current)
            if found and found not in seen and given < MAX_LAYERS:
                seen.add(found)
                given += 1
                if len(queue) < 3:
                    queue.append(found)
                yield found


def mirrored(text: str) -> tuple[str, str]:
    """The text backwards and in rot13; only orders and listed words are looked for in these."""
    return text[::-1], codecs.encode(text, "rot13")
