"""The secret that players' names are hashed with: one per dataset, kept in the user's settings, never in it.

With the key a name can be checked against a hash; without it a hash says nothing but "the same player".
Whoever goes on with a dataset on another machine takes the key along, as a file or in FARM_PLAYER_KEY.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from workers.errors import EnvironmentFailed

ENVIRONMENT_VARIABLE = "FARM_PLAYER_KEY"
_KEY_BYTES = 32
_HASH_DIGITS = 32


def player_key(dataset_url: str) -> bytes:
    """The dataset's key: from FARM_PLAYER_KEY if set, else from its file, which is made on first use.

    Raises:
        EnvironmentFailed: If FARM_PLAYER_KEY is too short, or the file cannot be read or made.
    """
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    if given is not None:
        if len(given) < _KEY_BYTES:
            message = f"{ENVIRONMENT_VARIABLE} has {len(given)} characters; give at least {_KEY_BYTES}"
            raise EnvironmentFailed(message)
        return hashlib.sha256(given.encode()).digest()
    path = key_path(dataset_url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _create_or_read(path)
    except OSError as error:
        message = f"{path}: {error.strerror}; make it readable, or set {ENVIRONMENT_VARIABLE}"
        raise EnvironmentFailed(message) from error


def key_path(dataset_url: str) -> Path:
    """Path of the file with the dataset's key, under XDG_CONFIG_HOME, named by a hash of its place."""
    is_local = "://" not in dataset_url or dataset_url.startswith("file://")
    place = str(
        Path(urlsplit(dataset_url).path if "://" in dataset_url else dataset_url).expanduser().resolve()
    )
    name = hashlib.sha256((place if is_local else dataset_url.rstrip("/")).encode()).hexdigest()[:16]
    base = os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser()
    return Path(base) / "dolphin-farm" / "player-keys" / name


def _create_or_read(path: Path) -> bytes:
    """Read the key, or create it; if several processes do so at once, all get the same one."""
    if not path.exists():
        with tempfile.NamedTemporaryFile(dir=path.parent) as file:  # only its owner may read it
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            # A link appears at once with all its content, and fails where another process was faster.
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(file.name)
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        message = (
            f"{path}: {len(key)} bytes, a key has {_KEY_BYTES}; restore it, or remove it to start a new one"
        )
        raise EnvironmentFailed(message)
    return key


def player_hash(key: bytes, identity: str) -> str | None:
    """Keyed hash of a player's identity, hex; None where the replay does not say who it was."""
    return keyed_hash(key, "player", identity) if identity else None


def keyed_hash(key: bytes, purpose: str, text: str) -> str:
    """HMAC-SHA256 of a text for one purpose, shortened to 128 bits, hex."""
    message = f"{purpose}\0{text}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:_HASH_DIGITS]
