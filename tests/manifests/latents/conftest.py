"""The small dataset with stamps."""

from tests.manifests.conftest import sound

__all__ = ["sound"]
