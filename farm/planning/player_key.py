"""The secret key with which a dataset's players are hashed: kept in the user's settings, not in the dataset.

With the key a name can be checked against a hash; without it a hash says nothing but "the same player". If a
dataset were continued under another key, the same players would get other hashes, and games of the same two
would land in two splits. So dataset.json keeps the key's fingerprint, and a plan with another key is refused.
To continue a dataset on another machine, or under another HOME, take the key along.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from manifests.home_folder import config_base, with_home
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.ledger.dataset import DatasetDescription

ENVIRONMENT_VARIABLE: Final = "FARM_PLAYER_KEY"
FILE_VARIABLE: Final = "FARM_PLAYER_KEY_FILE"
_KEY_BYTES: Final = 32
_HASH_DIGITS: Final = 32
_MOST_BYTES: Final = 4096  # most bytes read of a file that should hold a key


def player_key(dataset_url: str, begun: DatasetDescription | None = None) -> bytes:
    """Find the key of a dataset, or make one for a dataset that is about to begin.

    The key is the value of FARM_PLAYER_KEY, else the content of the file that FARM_PLAYER_KEY_FILE names (a
    copied key, or a secret of a container), else the key that is kept on this machine, even if the dataset
    was elsewhere when it began.

    Args:
        dataset_url: folder or URL of the dataset.
        begun: the dataset's dataset.json; None if it does not exist yet.

    Raises:
        EnvironmentFailed: the dataset was begun with another key, or its key is missing here; or a key is too
            short, or cannot be read or made.
    """
    expected = None if begun is None else begun.player_key_sha256
    key = _given()  # first, as there may be no home folder in which to keep a key
    if key is None:
        key = _kept(key_path(dataset_url), expected, is_begun=begun is not None)
    elif expected is not None and key_fingerprint(key) != expected:
        raise EnvironmentFailed(_refusal(dataset_url, key_path(dataset_url), "another key is given"))
    return key


def key_fingerprint(key: bytes) -> str:
    """Return a hash that identifies a key without revealing it: sha256, hex."""
    return hashlib.sha256(b"dolphin-farm player key\0" + key).hexdigest()


def key_path(dataset_url: str) -> Path:
    """Return the path of the dataset's key file, under XDG_CONFIG_HOME, named by a hash of its place."""
    is_local = "://" not in dataset_url or dataset_url.startswith("file://")
    place = str(with_home(urlsplit(dataset_url).path if "://" in dataset_url else dataset_url).resolve())
    name = hashlib.sha256(os.fsencode(place if is_local else dataset_url.rstrip("/"))).hexdigest()[:16]
    return config_base(ENVIRONMENT_VARIABLE) / "dolphin-farm" / "player-keys" / name


def _given() -> bytes | None:
    """Return the key that the environment gives, or None."""
    text = os.environ.get(ENVIRONMENT_VARIABLE)
    if text is not None:
        return _from_text(text, ENVIRONMENT_VARIABLE)
    name = os.environ.get(FILE_VARIABLE)
    if name is None:
        return None
    try:
        with Path(name).open("rb") as file:
            data = file.read(_MOST_BYTES)
    except OSError as error:
        message = f"{FILE_VARIABLE}: {name}: {error.strerror}; name a readable file that holds the key"
        raise EnvironmentFailed(message) from error
    if len(data) == _KEY_BYTES:
        return data  # a copy of a key file of ours
    try:
        return _from_text(data.decode().strip(), f"{FILE_VARIABLE} {name}")
    except UnicodeDecodeError as error:
        message = f"{FILE_VARIABLE}: {name} is neither a copied key of {_KEY_BYTES} bytes nor text"
        raise EnvironmentFailed(message) from error


def _from_text(text: str, where: str) -> bytes:
    if len(text) < _KEY_BYTES:
        message = f"{where} has {len(text)} characters; give at least {_KEY_BYTES}"
        raise EnvironmentFailed(message)
    return hashlib.sha256(text.encode()).digest()


def _kept(path: Path, expected: str | None, *, is_begun: bool) -> bytes:
    """Return the key that is kept on this machine; make one if the dataset has not begun."""
    try:
        if not is_begun:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return _create_or_read(path)
        for candidate in _candidates(path, is_named=expected is not None):
            if candidate != path and candidate.stat().st_size != _KEY_BYTES:
                continue  # not a key: the user keeps other files there
            key = _read(candidate)
            if expected is None or key_fingerprint(key) == expected:
                return key
    except OSError as error:
        message = f"{path}: {error.strerror}; make it readable, or set {ENVIRONMENT_VARIABLE}"
        raise EnvironmentFailed(message) from error
    raise EnvironmentFailed(_refusal("this dataset", path, "that key is not here"))


def _candidates(path: Path, *, is_named: bool) -> Iterator[Path]:
    """Yield the dataset's key file and, if its fingerprint can tell keys apart, those of other datasets."""
    if path.exists():
        yield path
    if is_named and path.parent.is_dir():
        yield from sorted(other for other in path.parent.iterdir() if other != path and other.is_file())


def _refusal(dataset: str, path: Path, what: str) -> str:
    return (
        f"{dataset} was begun with another player key, and {what}: the same players would get other hashes "
        f"and other splits; copy the files of ~/.config/dolphin-farm/player-keys of whoever began it into "
        f"{path.parent} (the right one is found), or set {FILE_VARIABLE} or {ENVIRONMENT_VARIABLE} as it was "
        "then, or begin a new dataset"
    )


def _create_or_read(path: Path) -> bytes:
    """Read the key, or create it; if several processes do so at once, all get the same key."""
    if not path.exists():
        with tempfile.NamedTemporaryFile(dir=path.parent) as file:  # only its owner may read it
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            # The link appears at once with all its content, and fails if another process was faster.
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(file.name)
    return _read(path)


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        message = (
            f"{path}: {len(key)} bytes, a key has {_KEY_BYTES}; restore it, or remove it to start a new one"
        )
        raise EnvironmentFailed(message)
    return key


def player_hash(key: bytes, identity: str) -> str | None:
    """Return the keyed hash of a player's identity, hex; None if the replay does not say who it was."""
    return keyed_hash(key, "player", identity) if identity else None


def keyed_hash(key: bytes, purpose: str, text: str) -> str:
    """Return the HMAC-SHA256 of a text for one purpose, shortened to 128 bits, hex."""
    message = f"{purpose}\0{text}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:_HASH_DIGITS]
