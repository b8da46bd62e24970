"""Ids and file names that may hold a person's name never enter a manifest as they are."""

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Final

from skinscore.domain.document import sha256_hex
from skinscore.errors import RequestRefused

_DIGITS: Final = 16  # 64 bits: two of a million ids collide with a chance of 3 in 10^8
_KEY_BYTES: Final = 32


def published(dataset: str, identity: str) -> str:
    """Return the pseudonym of an id that its publisher has already made one.

    The same everywhere, so that two manifests of one set can be joined; sets do not mix.
    """
    return f"{dataset}-{sha256_hex(f'{dataset}:{identity}')[:_DIGITS]}"


def keyed(key: bytes, kind: str, identity: str) -> str:
    """Return the pseudonym of an id that may be a name, a patient number or an e-mail address.

    Without ``key`` nobody can find the id by trying names (HMAC-SHA256).
    """
    digest = hmac.new(key, f"{kind}:{identity}".encode(), hashlib.sha256).hexdigest()
    return f"{kind}-{digest[:_DIGITS]}"


def of_bytes(data: bytes) -> str:
    """Return the name of a file whose own name may be personal: taken from what it holds."""
    return sha256_hex(data)[:_DIGITS]


def read_or_draw(path: Path) -> bytes:
    """Return the key in ``path``, or a new one when there is no file; nothing is written.

    Raises:
        RequestRefused: ``pseudonym_key`` when the file is no such key.
    """
    if not path.exists():
        return secrets.token_bytes(_KEY_BYTES)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as problem:
        raise _no_key(f"it cannot be used ({type(problem).__name__})") from None
    if len(key) != _KEY_BYTES:
        raise _no_key(f"it holds {len(key)} bytes")
    return key


def keep(path: Path, key: bytes) -> None:
    """Write a drawn key, readable by its owner only; a key that is there stays.

    Raises:
        RequestRefused: ``pseudonym_key`` when it cannot be written.
    """
    if path.exists():
        return
    try:
        path.touch(mode=0o600)
        path.write_text(key.hex() + "\n", encoding="ascii")
    except OSError as problem:
        raise _no_key(f"it cannot be written ({problem.strerror})") from None


def _no_key(found: str) -> RequestRefused:
    return RequestRefused(
        "pseudonym_key", f"key file: {found}", f"{2 * _KEY_BYTES} hexadecimal digits"
    )
