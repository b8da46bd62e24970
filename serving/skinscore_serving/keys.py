"""Who may use the service: access keys, of which it knows nothing but the sha256.

A program sends ``Authorization: Bearer KEY``; a browser asks for a name and a password, and the key
is the password. Neither a session nor a cookie: nothing to steal but the key itself.
"""

import base64
import hmac
import json
import re
import secrets
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from skinscore.domain.document import Day, Document, Sha256, sha256_hex
from skinscore.errors import RequestRefused

CHALLENGE: Final = 'Basic realm="skinscore", charset="UTF-8", Bearer realm="skinscore"'
PREFIX: Final = "sks_"  # so that a key that was pasted somewhere can be searched for
BYTES: Final = 32  # 256 random bits: nobody tries them all, so no attempt need be counted
LASTS: Final = timedelta(days=365)
SOON: Final = timedelta(days=30)
_WRITTEN: Final = re.compile(
    rf"{PREFIX}[A-Za-z0-9_-]{{43}}"
)  # a record of a weaker one opens nothing


class Key(Document):
    """One key. Its name stands in the log beside what was asked with it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]  # of a place or program, no person's
    sha256: Sha256  # of the key as it is sent
    expires_on: Day  # the last day on which it opens


class Keys(Document):
    """Every key that opens the service; two live ones of a place let it change them."""

    schema_: Literal["skinscore.keys/1"] = Field(alias="schema")
    keys: Annotated[tuple[Key, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for names in ([key.name for key in self.keys], [key.sha256 for key in self.keys]):
            if len(set(names)) != len(names):
                raise ValueError("two keys share a name or a sha256")
        return self

    def holder(self, authorization: str | None, today: date) -> str | None:
        """Return the name of the live key in the header ``authorization``; None without one."""
        sent = _sent(authorization or "")
        if not _WRITTEN.fullmatch(sent):
            return None
        digest = sha256_hex(sent)
        found = [
            key
            for key in self.keys  # all of them, whichever fits: time tells nothing
            if hmac.compare_digest(key.sha256, digest) and today <= key.expires_on
        ]
        return found[0].name if found else None

    def ending(self, today: date) -> list[str]:
        """Return a sentence for every key that is over or soon will be."""
        return [
            f"the key {key.name} {'opens' if today <= key.expires_on else 'opened'} up to "
            f"{key.expires_on}"
            for key in self.keys
            if today > key.expires_on - SOON
        ]


def read_keys(path: Path) -> Keys:
    """Return the keys in the file.

    Raises:
        RequestRefused: ``usage``, ``document_invalid``.
    """
    try:
        text = path.read_bytes()
    except OSError as problem:
        raise RequestRefused(
            "usage",
            f"the file of SKINSCORE_SERVE_KEYS cannot be read ({type(problem).__name__})",
            "a file of keys that exists and may be read",
            "`skinscore serve --new-key NAME` prints a key and its record.",
        ) from None
    return Keys.parse(text)


def new_key(name: str, today: date) -> tuple[str, Key]:
    """Return a fresh key, which is shown once, and the record that the service keeps of it.

    Raises:
        RequestRefused: ``document_invalid``; the name.
    """
    key = PREFIX + secrets.token_urlsafe(BYTES)
    record = {"name": name, "sha256": sha256_hex(key), "expires_on": str(today + LASTS)}
    return key, Key.parse(json.dumps(record))


def _sent(authorization: str) -> str:
    kind, _, value = authorization.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except ValueError:  # no base64, no UTF-8, or not even ASCII
        return ""
