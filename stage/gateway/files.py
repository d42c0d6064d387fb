"""The pages: read once, served from memory with a strict content security policy."""

from __future__ import annotations

import hashlib
import html
from dataclasses import dataclass
from pathlib import Path

WEB = Path(__file__).resolve().parent.parent / "web"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; media-src 'self' blob:; "
    "img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "require-trusted-types-for 'script'"
)


@dataclass(frozen=True, slots=True)
class Page:
    """A file as it is sent."""

    body: bytes
    headers: tuple[tuple[str, str], ...]
    tag: str


def headers(kind: str, cache: str = "no-cache") -> tuple[tuple[str, str], ...]:
    """Headers of every answer."""
    return (
        ("Content-Type", kind),
        ("Content-Security-Policy", CSP),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
        ("Cache-Control", cache),
    )


def load_pages(title: str, character: str, root: Path = WEB) -> dict[str, Page]:
    """Every file under ``root`` by its path on the server; only these can be asked for, so no path escapes."""
    pages: dict[str, Page] = {}
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.suffix not in TYPES:
            continue
        body = path.read_bytes()
        if path.suffix == ".html":
            text = body.decode().replace("{{title}}", html.escape(title or character or "Limelight"))
            body = text.replace("{{character}}", html.escape(character or "The performer")).encode()
        tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        page = Page(body, (*headers(TYPES[path.suffix]), ("ETag", tag)), tag)
        pages["/" + path.relative_to(root).as_posix()] = page
    if "/index.html" in pages:
        pages["/"] = pages["/index.html"]
    return pages
