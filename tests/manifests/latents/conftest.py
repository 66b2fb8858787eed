"""A fixture with the small dataset whose pictures carry stamps."""

from tests.manifests.conftest import sound

__all__ = ["sound"]
