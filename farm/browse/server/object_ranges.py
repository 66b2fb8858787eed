"""Serves ranges of a dataset's videos and states files to pages; no other object can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from manifests.store.keys import parse_data_key

if TYPE_CHECKING:
    from starlette.requests import Request

    from manifests.store.contract import Store

_RANGE: Final = re.compile(r"bytes=(\d{1,18})-(\d{1,18})")
_MOST_BYTES: Final = 64 << 20  # of one range; a GOP is far smaller
KEEP: Final = {"cache-control": "max-age=3600"}
"""Headers of an answer that never changes."""


def object_ranges(store: Store | None) -> Any:
    """Return the endpoint that answers with a range of the object whose key is in the path.

    Args:
        store: the dataset's store; None if there is none, so that no object exists.
    """

    async def endpoint(request: Request) -> Response:
        key = request.path_params["key"]
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        try:
            is_known = parse_data_key(key) is not None
        except ValueError:
            is_known = False
        if store is None or not is_known:
            raise HTTPException(404, "only videos and states files are served")
        if asked is None:
            raise HTTPException(416, "ask for a range of bytes: bytes=FIRST-LAST")
        first, last = int(asked[1]), int(asked[2])
        if not first <= last < first + _MOST_BYTES:
            raise HTTPException(416, f"a range has 1 to {_MOST_BYTES} bytes")
        data = await run_in_threadpool(store.get_range, key, first, last + 1)
        headers = {"content-range": f"bytes {first}-{first + len(data) - 1}/*", **KEEP}
        return Response(data, 206, headers, media_type="application/octet-stream")

    return endpoint
