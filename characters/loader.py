"""Reads a character folder into a :class:`~characters.definition.Definition`, or says in one line why it cannot.

A folder holds ``character.toml`` (required), ``lines.toml``, ``lore.toml`` and ``songs/*.toml`` (optional).
Everything is read and checked before anything is returned: a definition is whole or there is none.

``lines.toml``::

    [situations]
    opening = ["[wave] Hello, {fan}!", {say = "Rare one.", weight = 0.2}]

    [intentions.greeting]
    hears = ["hi", "hey lumi"]
    lines = ["[happy] Hi, {fan}!"]

``lore.toml``: ``[[lore]]`` tables with ``keys`` and ``says``.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from characters.definition import Definition, Intention, Line, LoreEntry

LIBRARY = Path(__file__).parent / "library"
"""Where the characters that ship live, one folder each."""

MAX_FILE_BYTES = 1_000_000
MAX_LINE_CHARS = 500
MAX_TEXT_CHARS = 20_000
MAX_GROUPS = 500
MAX_LINES_PER_GROUP = 2_000
MAX_HEARS = 2_000
MAX_LORE = 2_000
MAX_SONGS = 500

_TABLES = ("identity", "persona", "voice", "music", "look", "stage", "rules", "prompt", "credits")
_WANTED = {
    "string_type": "text in quotes",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "list_type": "a list in [ ]",
    "tuple_type": "a list in [ ]",
    "dict_type": "a table",
    "model_type": "a table",
    "bool_type": "true or false",
}


class CharacterError(ValueError):
    """A character cannot be used. ``str()`` is one line: file, place, what is wrong, remedy."""

    def __init__(self, file: str | Path, place: str, problem: str, remedy: str) -> None:
        self.file, self.place, self.problem, self.remedy = str(file), place, problem, remedy
        where = f"{file}: {place}" if place else str(file)
        super().__init__(_one_line(f"{where}: {problem}; {remedy}"))


def names() -> list[str]:
    """Names of the characters that ship, sorted."""
    if not LIBRARY.is_dir():
        return []
    return sorted(folder.name for folder in LIBRARY.iterdir() if (folder / "character.toml").is_file())


def load(name_or_path: str | Path) -> Definition:
    """The character of that name in the library, or in that folder (or whose ``character.toml`` it is).

    Raises :class:`CharacterError` (one line: file, place, problem, remedy); never returns half a character.
    """
    folder = find(name_or_path)
    document = _read(folder / "character.toml")
    _check_tables(folder / "character.toml", document)
    lines_file, lore_file = folder / "lines.toml", folder / "lore.toml"
    if lines_file.exists():
        document |= _lines(lines_file, _read(lines_file))
    if lore_file.exists():
        document["lore"] = _lore(lore_file, _read(lore_file))
    try:
        definition = Definition(**document, folder=folder)
    except ValidationError as error:
        raise _explain(folder, error) from None
    _limit_texts(folder / "character.toml", definition)
    return definition


def songs(definition: Definition) -> list[Path]:
    """Paths of the character's own songs (``songs/*.toml``), sorted; they are not opened here."""
    folder = definition.folder / "songs" if definition.folder else None
    if folder is None or not folder.is_dir():
        return []
    found = sorted(path for path in folder.glob("*.toml") if path.is_file())
    if len(found) > MAX_SONGS:
        raise CharacterError(folder, "", f"{len(found)} songs", f"keep at most {MAX_SONGS}")
    return found


def find(name_or_path: str | Path) -> Path:
    """The folder meant by a library name, a folder path or the path of a ``character.toml``."""
    text = str(name_or_path).strip()
    if not text or "\0" in text:
        raise CharacterError("character", "", "no name given", f"try one of: {', '.join(names())}")
    if text in names():
        return LIBRARY / text
    path = Path(text).expanduser()
    try:
        if path.is_file() and path.name == "character.toml":
            return path.parent
        if path.is_dir():
            if (path / "character.toml").is_file():
                return path
            raise CharacterError(path, "", "has no character.toml", "add one; `limelight new NAME` makes a folder")
    except OSError as error:
        raise CharacterError(text[:80], "", f"cannot be opened ({error.strerror})", "check the path") from None
    near = nearest(text, names())
    hint = f"did you mean {near}? " if near else ""
    raise CharacterError(text[:80], "", "no such character", f"{hint}known: {', '.join(names())}; or give a folder")


def nearest(word: str, known: list[str]) -> str | None:
    """The known word closest in spelling, or None when nothing is near."""
    found = difflib.get_close_matches(word.lower(), known, 1, 0.55)
    return found[0] if found else None


def _read(file: Path) -> dict[str, Any]:
    try:
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise CharacterError(file, "", f"is {size:,} bytes", f"keep it under {MAX_FILE_BYTES:,}")
        text = file.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except CharacterError:
        raise
    except OSError as error:
        raise CharacterError(file, "", f"cannot be read ({error.strerror})", "check that it exists") from None
    except UnicodeDecodeError as error:
        raise CharacterError(file, f"byte {error.start}", "is not UTF-8 text", "save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise CharacterError(file, "", f"is not valid TOML: {error}", "fix that place") from None
    except (RecursionError, ValueError, OverflowError):
        raise CharacterError(file, "", "holds values too deep or too long", "flatten the file") from None


def _unknown(file: Path, place: str, key: str, known: list[str]) -> CharacterError:
    near = nearest(key, known)
    remedy = f"did you mean {near}?" if near else f"known keys: {', '.join(known)}"
    return CharacterError(file, place, f"unknown key '{key[:40]}'", remedy)


def _check_tables(file: Path, document: dict[str, Any]) -> None:
    for table, content in document.items():
        if table not in _TABLES:
            raise _unknown(file, "top level", table, list(_TABLES))
        if not isinstance(content, dict):
            raise CharacterError(file, table, f"is {_kind(content)}", f"write it as a table: [{table}]")
    if "identity" not in document or not str(document["identity"].get("name", "")).strip():
        raise CharacterError(file, "identity.name", "is missing", 'add [identity] and name = "..."')


def _lines(file: Path, document: dict[str, Any]) -> dict[str, Any]:
    known = ["situations", "intentions"]
    for key in document:
        if key not in known:
            raise _unknown(file, "top level", key, known)
    situations = _table(file, "situations", document.get("situations", {}))
    intentions = _table(file, "intentions", document.get("intentions", {}))
    spoken = {name: _say(file, f"situations.{name}", content) for name, content in situations.items()}
    understood: dict[str, Intention] = {}
    for name, content in intentions.items():
        place = f"intentions.{name}"
        table = _table(file, place, content)
        for key in table:
            if key not in (*Intention.model_fields, "when"):
                raise _unknown(file, place, key, [*Intention.model_fields, "when"])
        hears = _texts(file, f"{place}.hears", table.get("hears", []), MAX_HEARS)
        lines = _say(file, f"{place}.lines", table.get("lines", []))
        for words, says in _table(file, f"{place}.when", table.get("when", {})).items():
            if not words.strip():
                raise CharacterError(file, f"{place}.when", "has a key without words", 'write "wave hello" = [lines]')
            keyed = _say(file, f"{place}.when {words!r}", says)
            lines += [line.model_copy(update={"when": words.lower().split()}) for line in keyed]
        understood[name] = Intention(hears=hears, lines=lines)
    return {"situations": spoken, "intentions": understood}


def _table(file: Path, place: str, content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise CharacterError(file, place, f"is {_kind(content)}", f"write it as a table: [{place}]")
    if len(content) > MAX_GROUPS:
        raise CharacterError(file, place, f"has {len(content)} entries", f"keep at most {MAX_GROUPS}")
    return content


def _say(file: Path, place: str, content: Any) -> list[Line]:
    if not isinstance(content, list):
        raise CharacterError(file, place, f"is {_kind(content)}", "write a list of lines in [ ]")
    if len(content) > MAX_LINES_PER_GROUP:
        raise CharacterError(file, place, f"has {len(content)} lines", f"keep at most {MAX_LINES_PER_GROUP}")
    return [_line(file, f"{place} line {number}", item) for number, item in enumerate(content, 1)]


def _line(file: Path, place: str, item: Any) -> Line:
    if isinstance(item, str):
        item = {"say": item}
    if not isinstance(item, dict):
        raise CharacterError(file, place, f"is {_kind(item)}", 'write text in quotes or {say = "..."}')
    for key in item:
        if key not in Line.model_fields:
            raise _unknown(file, place, key, list(Line.model_fields))
    say = item.get("say")
    if not isinstance(say, str) or not say.strip():
        raise CharacterError(file, place, "has no text", "write what she says")
    if len(say) > MAX_LINE_CHARS:
        raise CharacterError(file, place, f"has {len(say)} characters", f"keep a line under {MAX_LINE_CHARS}")
    try:
        return Line(**item)
    except ValidationError as error:
        raise CharacterError(file, place, *_problem(error.errors()[0])) from None


def _texts(file: Path, place: str, content: Any, most: int) -> list[str]:
    if not isinstance(content, list):
        raise CharacterError(file, place, f"is {_kind(content)}", "write a list of texts in [ ]")
    if len(content) > most:
        raise CharacterError(file, place, f"has {len(content)} entries", f"keep at most {most}")
    for number, item in enumerate(content, 1):
        if not isinstance(item, str):
            raise CharacterError(file, f"{place} {number}", f"is {_kind(item)}", "write text in quotes")
        if len(item) > MAX_LINE_CHARS:
            raise CharacterError(
                file, f"{place} {number}", f"has {len(item)} characters", f"keep under {MAX_LINE_CHARS}"
            )
    return list(content)


def _lore(file: Path, document: dict[str, Any]) -> list[LoreEntry]:
    for key in document:
        if key != "lore":
            raise _unknown(file, "top level", key, ["lore"])
    entries = document.get("lore", [])
    if not isinstance(entries, list):
        raise CharacterError(file, "lore", f"is {_kind(entries)}", "write entries as [[lore]] tables")
    if len(entries) > MAX_LORE:
        raise CharacterError(file, "lore", f"has {len(entries)} entries", f"keep at most {MAX_LORE}")
    out = []
    for number, entry in enumerate(entries, 1):
        place = f"lore entry {number}"
        table = _table(file, place, entry)
        for key in table:
            if key not in LoreEntry.model_fields:
                raise _unknown(file, place, key, list(LoreEntry.model_fields))
        if not (table.get("says") or table.get("tells")):
            raise CharacterError(file, f"{place}.says", "is missing or empty", 'add says = ["..."]')
        if not table.get("keys") and not table.get("constant"):
            raise CharacterError(file, f"{place}.keys", "is missing or empty", 'add keys = ["..."]')
        for key in ("keys", "says", "secondary"):
            table[key] = _texts(file, f"{place}.{key}", table.get(key, []), MAX_HEARS)
        try:
            out.append(LoreEntry(**table))
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in detail["loc"])
            raise CharacterError(file, f"{place}.{where}", *_problem(detail)) from None
    return out


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true/false"
    for kind, word in ((str, "text"), (int, "a number"), (float, "a number"), (list, "a list"), (dict, "a table")):
        if isinstance(value, kind):
            return word
    return "a date"


def _problem(detail: Any) -> tuple[str, str]:
    """(what is wrong, remedy) of one pydantic error."""
    kind, context = detail["type"], detail.get("ctx", {})
    shown = repr(detail.get("input"))[:40]
    if kind in _WANTED:
        return f"{shown} is not {_WANTED[kind]}", f"write {_WANTED[kind]}"
    if kind == "literal_error":
        options = str(context.get("expected", ""))
        near = nearest(
            str(detail.get("input")), [option.strip(" '") for option in options.replace(" or ", ",").split(",")]
        )
        return f"{shown} is not allowed", f"use {options}" + (f"; did you mean {near}?" if near else "")
    return f"{shown}: {detail['msg'][:1].lower()}{detail['msg'][1:]}", "change the value"


def _explain(folder: Path, error: ValidationError) -> CharacterError:
    detail = error.errors(include_url=False)[0]
    location = [str(part) for part in detail["loc"]]
    file = folder / "character.toml"
    if detail["type"] == "extra_forbidden":
        return _unknown(file, ".".join(location[:-1]) or "top level", location[-1], _fields(location[:-1]))
    return CharacterError(file, ".".join(location), *_problem(detail))


def _fields(location: list[str]) -> list[str]:
    model: Any = Definition
    for part in location:
        annotation = model.model_fields[part].annotation if part in getattr(model, "model_fields", {}) else None
        options = [annotation, *get_args(annotation)]
        model = next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)
        if model is None:
            return []
    return list(model.model_fields)


def _limit_texts(file: Path, definition: Definition) -> None:
    for table in _TABLES:
        part = getattr(definition, table)
        for key, value in (part if isinstance(part, dict) else part.model_dump()).items():
            total = len(str(value))
            if total > MAX_TEXT_CHARS:
                raise CharacterError(
                    file, f"{table}.{key}", f"has {total:,} characters", f"keep under {MAX_TEXT_CHARS:,}"
                )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:600]
