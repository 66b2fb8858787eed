"""Serves the page of current runs, which is the only page before the first snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from farm.browse.live.follower import Follower
from farm.browse.live.live_run import LiveRuns
from farm.browse.pages.templates import SERVED, page_templates

if TYPE_CHECKING:
    from starlette.requests import Request

    from manifests.store.contract import Store


class LivePages:
    """Answers requests for the page of current runs.

    Args:
        store: the dataset's store.
        has_snapshot: whether the other pages exist, so that the page links to them.
    """

    def __init__(self, store: Store, *, has_snapshot: bool) -> None:
        self._runs, self._follower = LiveRuns(store), Follower(store)
        self._page = page_templates(store.url).get_template("run.html")
        self._has_snapshot = has_snapshot

    def routes(self) -> list[Route]:
        """Return the routes of the page, its pictures, and the figures that it fetches."""
        return [
            Route("/run", self._shown),
            Route("/run.json", self._now),
            Route("/run/{game_id}.jpg", self._picture),
            Route("/progress.json", self._stands),
        ]

    async def lead_here(self, _: Request) -> Response:
        """Redirect from a page that cannot exist yet to this one."""
        return RedirectResponse("/run")

    async def broken(self, _: Request, error: Exception) -> Response:
        """Say that the store failed."""
        return JSONResponse({"error": f"the dataset's store cannot give this: {error!s:.300}"}, 502)

    async def _shown(self, _: Request) -> Response:
        return HTMLResponse(self._page.render(has_snapshot=self._has_snapshot, **SERVED))

    async def _now(self, _: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._runs.now))

    async def _stands(self, _: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._follower.now))

    async def _picture(self, request: Request) -> Response:
        def found() -> bytes:
            picture = self._runs.picture(request.path_params["game_id"])
            if picture is None:
                raise HTTPException(404, "no game of this id is being rendered")
            return picture

        data = await run_in_threadpool(found)
        return Response(data, media_type="image/jpeg", headers={"cache-control": "no-store"})
