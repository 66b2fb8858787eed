"""Finds the addresses at which a process and those that it started listen for TCP connections."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

from farm.bench._footprint import family_of

_LISTENS = "0A"  # TCP_LISTEN, in the kernel's hexadecimal


def addresses_of(pid: int) -> set[str]:
    """Return the addresses, without ports, at which a process and its descendants listen."""
    own = {inode for member in family_of(pid) for inode in _sockets(member)}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {_address(row[1]) for row in rows if row[3] == _LISTENS and row[9] in own}


def is_loopback(address: str) -> bool:
    found = ipaddress.ip_address(address)
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def _sockets(pid: int) -> list[str]:
    """Return the inodes of the sockets of a process; none if it has ended."""
    try:
        links = [link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return []
    return [found[1] for link in links if (found := re.fullmatch(r"socket:\[(\d+)\]", link))]


def _address(text: str) -> str:
    """Turn "0100007F:1F90" into "127.0.0.1": the kernel writes words of four bytes in the machine's order."""
    raw = bytes.fromhex(text.partition(":")[0])
    words = [raw[start : start + 4][::-1] for start in range(0, len(raw), 4)]
    return str(ipaddress.ip_address(b"".join(words)))
