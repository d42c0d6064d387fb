"""Makes the training set from music21's corpus: O'Neill's Music of Ireland (1850), Aird's Airs, Ryan's Mammoth
Collection and Bach's chorales, all long out of copyright. The Essen collection (non-commercial) is never read.

A development tool: needs ``music21`` (``requirements-train.lock``), which Limelight itself does not.

    python -m audio.compose.learned.dataset -o build/tunes.npz
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import multiprocessing
import pickle
import random
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from audio.compose.learned.tokens import VOCABULARY, Tune, chord_number, tokenise

HERE = Path(__file__).parent
COLLECTIONS = {
    "oneills1850": "O'Neill, The Music of Ireland (1850 tunes), Chicago 1903",
    "airdsAirs": "Aird, A Selection of Scotch, English, Irish and Foreign Airs, Glasgow 1782-1803",
    "ryansMammoth": "Ryan's Mammoth Collection, Boston 1883",
    "bach": "J. S. Bach (1685-1750), four-part chorales, soprano",
}
HELD_OUT = 20
"""One tune in this many is never trained on, chosen by its hash."""
MODE_STEPS = {
    "major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10), "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}  # fmt: skip
_PRIOR = {0: 0.5, 7: 0.3, 5: 0.25, 9: 0.1, 2: 0.1, 10: 0.1, 4: 0.0, 3: 0.1, 8: 0.1}


def files() -> list[tuple[str, Path]]:
    """(collection, file) of the corpus."""
    import music21

    corpus = Path(music21.__file__).parent / "corpus"
    found: list[tuple[str, Path]] = []
    for name in COLLECTIONS:
        if name == "bach":
            continue
        found += [(name, path) for path in sorted((corpus / name).glob("*.abc"))]
    found += [("bach", path) for path in sorted((corpus / "bach").iterdir()) if path.suffix in (".mxl", ".xml", ".krn")]
    return found


def read(job: tuple[str, Path]) -> list[dict[str, Any]]:
    """All usable tunes of one file as plain records."""
    import warnings

    warnings.simplefilter("ignore")
    import music21

    collection, path = job
    try:
        parsed = music21.converter.parse(path, forceSource=True)
    except Exception as error:  # music21 raises many kinds; a file it cannot read is left out, and said
        print(f"{path.name}: left out ({type(error).__name__})", file=sys.stderr)
        return []
    scores = parsed.scores if isinstance(parsed, music21.stream.Opus) else [parsed]
    found = []
    for score in scores:
        try:
            record = _record(score, collection, path.name)
        except Exception as error:  # as above
            print(f"{path.name}: one left out ({type(error).__name__}: {error})"[:160], file=sys.stderr)
            continue
        if record is not None:
            found.append(record)
    return found


def _record(score: Any, collection: str, file: str) -> dict[str, Any] | None:
    import music21

    parts = list(score.parts) or [score]
    if collection == "bach" and len(parts) != 4:
        return None
    part = parts[0]
    signatures = list(part.recurse().getElementsByClass(music21.meter.TimeSignature))
    if not signatures or len({s.ratioString for s in signatures}) > 1:
        return None
    meter = {"2/2": "4/4", "4/2": "4/4"}.get(signatures[0].ratioString, signatures[0].ratioString)
    bar = Fraction(signatures[0].barDuration.quarterLength)
    measures = list(part.getElementsByClass(music21.stream.Measure))
    if not measures:
        return None
    first = Fraction(measures[0].duration.quarterLength).limit_denominator(96)
    pickup = first if first < bar else Fraction(0)
    strains = _strains(measures, pickup)
    notes: list[list[Any]] = []
    for element in part.flatten().notes:
        if element.duration.isGrace or not element.quarterLength:
            continue
        pitch = max(p.midi for p in element.pitches)
        start = Fraction(element.offset).limit_denominator(96)
        length = Fraction(element.quarterLength).limit_denominator(96)
        if notes and element.tie is not None and element.tie.type in ("stop", "continue") and notes[-1][2] == pitch:
            notes[-1][1] += length
            continue
        notes.append([start, length, int(pitch)])
    if not 24 <= len(notes) <= 700:
        return None
    evidence = [(n[0], n[1], n[2], 1.0) for n in notes]
    for other in parts[1:]:
        for element in other.flatten().notes:
            for p in element.pitches:
                evidence.append((Fraction(element.offset), Fraction(element.quarterLength), int(p.midi), 1.0))
    tonic, mode = _key(score, part, notes)
    ordered = sorted(n[2] for n in notes)
    middle = ordered[len(ordered) // 2]
    anchor = middle - (middle - tonic) % 12
    bars = int(-(-(notes[-1][0] + notes[-1][1] - pickup) // bar))
    chords = chords_of(evidence, tonic, mode, bar, pickup, bars)
    title = (score.metadata.title if score.metadata is not None else "") or file
    return {
        "collection": collection, "file": file, "title": " ".join(str(title).split())[:80],
        "number": str(score.metadata.number or "") if score.metadata is not None else "",
        "meter": meter, "mode": mode, "bar": bar, "pickup": pickup, "strains": strains, "chords": chords,
        "notes": [(n[0], n[1], n[2] - anchor) for n in notes],
    }  # fmt: skip


def _strains(measures: list[Any], pickup: Fraction) -> list[int]:
    """Bars (0-based, the pickup not counted) where a new strain begins, told by double and repeat bars."""
    begins, offset = [0], 1 if pickup else 0
    for i, measure in enumerate(measures[:-1]):
        right, left = measure.rightBarline, measures[i + 1].leftBarline
        marks = [b for b in (right, left) if b is not None]
        if any(b.type in ("double", "final", "light-light", "heavy-light", "light-heavy") for b in marks):
            at = i + 1 - offset
            if at - begins[-1] >= 3:
                begins.append(at)
    return begins


def _key(score: Any, part: Any, notes: list[list[Any]]) -> tuple[int, str]:
    """Tonic and mode: the written key, unless the tune plainly ends and lives elsewhere."""
    import music21

    keys = list(part.recurse().getElementsByClass(music21.key.KeySignature))
    sharps = keys[0].sharps if keys else 0
    weights = np.zeros(12)
    for _, length, pitch in notes:
        weights[pitch % 12] += float(length)
    weights[notes[-1][2] % 12] += 0.15 * weights.sum()
    written = getattr(keys[0], "mode", None) if keys else None
    home = (7 * sharps) % 12
    best = (-1.0, home, "major")
    for mode, shift in (("major", 0), ("minor", 9), ("dorian", 2), ("mixolydian", 7)):
        tonic = (home + shift) % 12
        steps = MODE_STEPS[mode]
        third = (tonic + steps[2]) % 12
        score_ = 1.6 * weights[tonic] + 0.7 * weights[(tonic + 7) % 12] + 0.7 * weights[third]
        score_ += 0.35 * weights.sum() * (notes[-1][2] % 12 == tonic)
        score_ *= 1.12 if mode == written else 1.0 if mode in ("major", "minor") else 0.9
        best = max(best, (float(score_), tonic, mode))
    return best[1], best[2]


def chords_of(
    evidence: list[tuple[Fraction, Fraction, int, float]], tonic: int, mode: str, bar: Fraction, pickup: Fraction,
    bars: int,
) -> list[tuple[int, int]]:  # fmt: skip
    """Two chord numbers a bar by template and dynamic programming: what the notes imply, smoothly."""
    halves = 2 if bar in (Fraction(4), Fraction(6)) else 1
    span = bar / halves
    weights = np.zeros((max(1, bars * halves), 12))
    for start, length, pitch, strength in evidence:
        at, end = start - pickup, start - pickup + length
        while at < end:
            cell = int(at // span)
            if cell >= len(weights):
                break
            until = min(end, span * (cell + 1))
            if cell >= 0:
                onset = 0.5 if at == start and (at % span) == 0 else 0.0
                weights[cell, (pitch - tonic) % 12] += strength * (float(until - at) + onset)
            at = until
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-6)
    inside = set(MODE_STEPS[mode])
    table, prior = [], []
    for root in range(12):
        for quality, steps in (("maj", (0, 4, 7)), ("min", (0, 3, 7)), ("dim", (0, 3, 6))):
            tones = [(root + s) % 12 for s in steps]
            row = np.full(12, -0.6)
            row[tones] = (1.0, 0.8, 0.7)
            table.append(row)
            own = sum(t in inside for t in tones) - 3
            prior.append(_PRIOR.get(root, -0.1) * 0.5 + 0.25 * own - (0.3 if quality == "dim" else 0.0))
    score = weights @ np.array(table).T + np.array(prior)
    best, back = score[0].copy(), []
    for row in score[1:]:
        stay, move = best, best.max() - 0.12
        back.append(np.where(stay >= move, np.arange(36), int(best.argmax())))
        best = row + np.maximum(stay, move)
    path = [int(best.argmax())]
    for came in reversed(back):
        path.append(int(came[path[-1]]))
    path.reverse()
    numbers = [chord_number(c // 3, ("maj", "min", "dim")[c % 3]) for c in path]
    return [(numbers[i * halves], numbers[i * halves + halves - 1]) for i in range(bars)]


def records(cache: Path, workers: int = 2) -> Iterator[dict[str, Any]]:
    """All tunes of all collections, in a fixed order; what was read is kept in ``cache`` for the next time."""
    if not cache.is_file():
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            found = [record for some in pool.imap(read, files(), chunksize=4) for record in some]
        cache.write_bytes(pickle.dumps(found))
    yield from pickle.loads(cache.read_bytes())


def sung(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its 2/4 bars written as 4/4 in notes twice as long, the usual look of a song."""
    if record["meter"] != "2/4":
        return record
    notes = [(2 * start, 2 * length, pitch) for start, length, pitch in record["notes"]]
    return {**record, "meter": "4/4", "bar": 2 * record["bar"], "pickup": 2 * record["pickup"], "notes": notes}


def thinned(record: dict[str, Any]) -> dict[str, Any]:
    """A slower version: in most beats only the note on the beat stays, so that the model knows sung rhythms too."""
    rng = random.Random(f"{record['file']}|{record['number']}|{record['title']}")
    beat = Fraction(3, 2) if record["meter"] in ("6/8", "9/8", "12/8") else Fraction(1)
    notes: list[tuple[Fraction, Fraction, int]] = []
    keep: dict[int, bool] = {}
    for start, length, pitch in record["notes"]:
        cell = int((start - record["pickup"]) // beat)
        on = (start - record["pickup"]) % beat == 0
        if on:
            keep[cell] = rng.random() < 0.35
        if on or keep.get(cell, True) or not notes:
            notes.append((start, length, pitch))
        else:
            last = notes[-1]
            notes[-1] = (last[0], start + length - last[0], last[2])
    return {**record, "notes": notes}


def row_of(record: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Tokens and bar places of a record."""
    return tokenise(
        Tune(
            record["meter"], record["mode"], tuple(record["notes"]), record["bar"], record["pickup"],
            tuple(record["chords"]), tuple(record["strains"]),
        )
    )  # fmt: skip


def main() -> None:
    """Reads the corpus, writes the token set and the list of tunes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=Path("build/tunes.npz"))
    parser.add_argument("--list", type=Path, default=HERE / "tunes.json.gz", help="provenance of every tune")
    parser.add_argument("--index", type=Path, default=HERE / "known.npz", help="the novelty gate's index")
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    rows: list[list[int]] = []
    starts: list[list[int]] = []
    held: list[bool] = []
    listing: list[dict[str, Any]] = []
    steps: list[bytes] = []
    seen: set[str] = set()
    for record in records(args.out.with_suffix(".records")):
        pitches = [pitch for _, _, pitch in record["notes"]]
        own = bytes(max(-40, min(40, b - a)) & 255 for a, b in zip(pitches, pitches[1:]))
        digest = hashlib.sha256(own).hexdigest()
        if digest in seen:
            continue
        seen.add(digest)
        steps.append(own)
        out = int(digest[:8], 16) % HELD_OUT == 0
        keys = ("collection", "file", "number", "title", "meter", "mode")
        listing.append({**{k: record[k] for k in keys}, "notes": len(pitches), "held_out": out})
        plain = sung(record)
        for version in (plain, thinned(plain)):
            tokens, bars = row_of(version)
            rows.append(tokens)
            starts.append(bars)
            held.append(out)
    np.savez_compressed(
        args.out,
        tokens=np.concatenate([np.array(r, np.uint8) for r in rows]),
        ends=np.cumsum([len(r) for r in rows]).astype(np.int32),
        bars=np.concatenate([np.array(b, np.int32) for b in starts]),
        bar_ends=np.cumsum([len(b) for b in starts]).astype(np.int32),
        held=np.array(held),
        vocabulary=VOCABULARY,
    )
    np.savez_compressed(
        args.index,
        steps=np.frombuffer(b"".join(steps), np.int8),
        ends=np.cumsum([len(s) for s in steps]).astype(np.int32),
    )
    text = json.dumps({"collections": COLLECTIONS, "tunes": listing}, ensure_ascii=False, indent=0)
    args.list.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    notes = sum(t["notes"] for t in listing)
    print(f"{len(listing)} tunes, {notes} notes, {len(rows)} rows of {sum(map(len, rows))} tokens")


if __name__ == "__main__":
    main()
