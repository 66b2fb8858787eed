"""Identify a player, as far as a replay allows it: by account, by connect code, or by display name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# A pool of anonymised games gives the same name to all players of a rank, and programs write such a name if
# nobody chose one. A player with only such a name is not identified.
_NOBODY: Final = re.compile(
    r"(unranked|bronze|silver|gold|platinum|diamond|grandmaster|master)?([123]|i{1,3})?player\d*"
    r"|(anonymous|unknown)(player|user)?\d*"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Personal data that identifies a player; it is only hashed, and never printed, logged or stored."""

    display_name: str
    connect_code: str
    uid: str
    name_tag: str

    def __repr__(self) -> str:
        return "Identity(hidden)"

    @property
    def key(self) -> str:
        """The best identification of this player: uid, else connect code, else display name, else "".

        A name tag does not identify a player: it belongs to the console on which it was typed.
        """
        return self.uid_key or self.code_key or self.name_key

    @property
    def uid_key(self) -> str:
        """The account's id without surrounding blanks; "" if there is none."""
        return _printable(self.uid)

    @property
    def code_key(self) -> str:
        """The connect code in the game's own form; "" if there is none.

        That form is upper case, with a full-width number sign; metadata and people write an ASCII # instead.
        """
        code = "".join(_folded(self.connect_code).upper().split())
        return code.replace("#", "\uff03") if _letters(code) else ""

    @property
    def name_key(self) -> str:
        """The display name in Unicode's normal form NFKC; "" if it is blank, or shared by many players."""
        name = _folded(self.display_name)
        return "" if _NOBODY.fullmatch(_letters(name).casefold()) else name


def names_in_metadata(metadata: Mapping[str, Any], port: int) -> tuple[str, str]:
    """Return the display name and the connect code of a port in a .slp file's metadata; "" if it has none.

    From Slippi 3.0 to 3.8 only the metadata has them.
    """
    found: Any = metadata
    for key in ("players", str(port), "names"):
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        return "", ""
    name, code = (found.get(key) for key in ("netplay", "code"))
    return name if isinstance(name, str) else "", code if isinstance(code, str) else ""


def _folded(text: str) -> str:
    return _printable(unicodedata.normalize("NFKC", text))


def _printable(text: str) -> str:
    """Remove invisible characters: control and format characters, and blanks at the ends."""
    return "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cf")).strip()


def _letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())
