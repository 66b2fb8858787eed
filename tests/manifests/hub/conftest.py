"""Points the hub's library at a server of our own that speaks the hub's HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.manifests.conftest import sound
from tests.manifests.hub.hub_server import Hub, hub_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["sound"]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the library read it when it was loaded
    with hub_server() as found:
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
        yield found
