"""Character cards people bring: V1, V2, V3 and CHARX, read, shown to a brain, made into performers, and written."""

from characters.cards.model import Card, CardError
from characters.cards.reading import card_of, read_card
from characters.cards.writing import as_charx, as_png, as_v2, as_v3

__all__ = ["Card", "CardError", "as_charx", "as_png", "as_v2", "as_v3", "card_of", "read_card"]
