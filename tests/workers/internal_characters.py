"""libmelee's names of the characters by their internal ids, which the column `character` holds."""

from __future__ import annotations

import melee


def internal_character_names() -> dict[int, str]:
    return {member.value: member.name for member in melee.Character}
