"""Parse addresses on the Hugging Face hub: hf://datasets/OWNER/NAME[@REVISION][/PATH]."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

HUB_SCHEME: Final = "hf://"
_URL: Final = re.compile(
    r"hf://datasets/(?P<repository>[\w.-]+/[\w.-]+?)(?:@(?P<revision>[\w.-]+))?(?:/(?P<path>.*))?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class HubPlace:
    """A part of a dataset repository: `path` is a file's path, or the beginning of several; "" is all."""

    repository: str
    revision: str | None
    path: str

    @classmethod
    def of_url(cls, url: str) -> HubPlace:
        """Read hf://datasets/OWNER/NAME[@REVISION][/PATH].

        Raises:
            ValueError: `url` is not such an address.
        """
        found = _URL.fullmatch(url)
        if found is None:
            message = f"{url}: give {HUB_SCHEME}datasets/OWNER/NAME[@REVISION][/PREFIX]"
            raise ValueError(message)
        return cls(found["repository"], found["revision"], found["path"] or "")

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        path = f"/{self.path}" if self.path else ""
        return f"{HUB_SCHEME}datasets/{self.repository}{revision}{path}"
