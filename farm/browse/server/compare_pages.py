"""Serves the pages that show a dataset beside another one."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from farm.browse.server.asked_game import asked_game_id

if TYPE_CHECKING:
    from starlette.requests import Request

    from farm.browse.game.comparing import Comparison

_RANGE: Final = re.compile(r"(-?\d{1,9})_(-?\d{1,9})_(\d{1,6})")


class ComparePages:
    """Templates and data for the pages of two datasets, and SSIM; one range is compared at a time.

    Args:
        comparison: comparison of the two datasets; None if no other dataset was named.
    """

    def __init__(self, comparison: Comparison | None) -> None:
        self._comparison = comparison
        self._turn = threading.Lock()

    def routes(self) -> list[Route]:
        """Return the routes of the data that the pages fetch."""
        return [Route("/compare/{game_id}/ssim_{range}.json", self._ssim)]

    def games(self, request: Request) -> tuple[str, Any]:
        """Return the page of games that are in both datasets."""
        return "compare.html", self._known().games(request.query_params.get("text", ""))

    def game(self, request: Request) -> tuple[str, Any]:
        """Return the page of one game that is in both datasets."""
        page = self._known().page(asked_game_id(request))
        if page is None:
            raise HTTPException(404, "no game of this id is in both datasets")
        return "compare_game.html", page

    async def _ssim(self, request: Request) -> Response:
        found = _RANGE.fullmatch(request.path_params["range"])
        if found is None:
            raise HTTPException(404, "a range is ssim_FIRST_END_EVERY.json, from slp_frame to slp_frame")
        game_id, (start, end, every) = asked_game_id(request), map(int, found.groups())

        def measured() -> dict[str, Any]:
            try:
                with self._turn:
                    return self._known().ssim(game_id, start, end, every)
            except ValueError as error:
                raise HTTPException(400, str(error)) from error

        return JSONResponse(await run_in_threadpool(measured), headers={"cache-control": "max-age=3600"})

    def _known(self) -> Comparison:
        if self._comparison is None:
            raise HTTPException(404, "there is nothing to compare with: farm browse DATASET --compare OTHER")
        return self._comparison
