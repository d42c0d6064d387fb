"""Unique names: two names that look alike are the same name."""

from __future__ import annotations

import unicodedata

from stage.gateway.protocol import NAME_LIMIT, clean

_PAIRS = (
    "аa вb еe зe іi јj кk мm нh оo рp сc тt уy хx ѕs ԁd һh ԛq ԝw ьb αa βb εe ηn ιi κk νv οo ρp τt υu χx γy ωw "
    "0o 1i 3e 4a 5s 7t |i !i $s @a ıi łl øo đd"
)
_ALIKE = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}
RESERVED = ("aiperformer", "moderator", "system", "limelight", "admin", "operator")


def skeleton(name: str) -> str:
    """What a name looks like: letters folded by case, accent, width and look-alike (Cyrillic, Greek, digits)."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    base = "".join(c for c in folded if unicodedata.category(c)[0] in "LN" or unicodedata.category(c)[0] == "S")
    alike = base.translate(_ALIKE).replace("rn", "m").replace("vv", "w").replace("l", "i")
    return alike or base


class Names:
    """Who holds which name. A fan (by account) keeps a name until it is freed."""

    def __init__(self, reserved: tuple[str, ...] = ()) -> None:
        self._reserved = {skeleton(n) for n in (*RESERVED, *reserved) if n}
        self._holder: dict[str, str] = {}
        self._name: dict[str, str] = {}

    def of(self, fan: str) -> str:
        """Name of an account, or nothing."""
        return self._name.get(fan, "")

    def claim(self, fan: str, wish: str) -> str:
        """The name ``fan`` gets: the wish, or the wish with a number when it is taken; empty when unusable."""
        name = " ".join(clean(wish).replace("\u200d", "").replace("\u200b", "").split())[:NAME_LIMIT].strip()
        if not skeleton(name):
            return ""
        if skeleton(name) in self._reserved:
            name = f"{name[: NAME_LIMIT - 4]} fan"
        candidate, number = name, 1
        while self._holder.get(skeleton(candidate), fan) != fan or skeleton(candidate) in self._reserved:
            number += 1
            tail = f" {number}"
            candidate = name[: NAME_LIMIT - len(tail)].rstrip() + tail
        self.free(fan)
        self._holder[skeleton(candidate)] = fan
        self._name[fan] = candidate
        return candidate

    def free(self, fan: str) -> None:
        """The account's name may be taken by another."""
        name = self._name.pop(fan, None)
        if name is not None:
            self._holder.pop(skeleton(name), None)
