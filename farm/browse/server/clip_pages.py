"""Serves the addresses below a game's page: its boxes, and clips of it as files to keep."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from farm.browse.pictures.clips import KINDS, ClipAsk, clip
from farm.browse.server.asked_game import committed_entry
from farm.browse.states.known_boxes import boxes_page

if TYPE_CHECKING:
    from starlette.requests import Request

    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

_NAME: Final = re.compile(r"clip_(-?\d{1,9})_(-?\d{1,9})\.([a-z0-9]{3,4})")


class ClipPages:
    """Boxes and clips of the games of one dataset. One clip is made at a time, for all users together.

    Args:
        store: the dataset's store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = threading.Lock()

    def routes(self) -> list[Route]:
        """Return the routes of the addresses for boxes and clips."""
        return [
            Route("/games/{game_id}/boxes.json", self._boxes),
            *(Route(f"/games/{{game_id}}/clip_{{range}}.{kind}", self._clip) for kind in KINDS),
        ]

    async def _boxes(self, request: Request) -> Response:
        entry = await run_in_threadpool(self._entry, request)
        found = await run_in_threadpool(boxes_page, self._store, entry)
        return JSONResponse(found, headers={"cache-control": "max-age=3600"})

    async def _clip(self, request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        found = _NAME.fullmatch(name)
        if found is None:
            raise HTTPException(
                404, "a clip is clip_FIRST_END.mp4, .webp or .gif, from slp_frame to slp_frame"
            )
        over = frozenset(filter(None, request.query_params.get("over", "").split(",")))

        def made() -> bytes:
            entry = self._entry(request)
            try:
                with self._turn:
                    return clip(self._store, entry, ClipAsk(int(found[1]), int(found[2]), found[3], over))
            except ValueError as error:
                raise HTTPException(400, str(error)) from error

        data = await run_in_threadpool(made)
        file_name = f"{request.path_params['game_id'][:12]}_{name}"
        headers = {"content-disposition": f'attachment; filename="{file_name}"'}
        return Response(data, media_type=KINDS[found[3]], headers=headers)

    def _entry(self, request: Request) -> LedgerEntry:
        return committed_entry(self._store, request.path_params["game_id"])
