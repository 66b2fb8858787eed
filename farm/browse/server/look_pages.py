"""Serves the pages on which users look at pictures: moments, and windows as a loader gives them."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from farm.browse.pictures.frames import NoSuchFrame
from farm.browse.pictures.moving import CLIP_FRAMES, moving_picture
from farm.browse.queries.moment_filters import NO_MOMENT_FILTERS, moment_query
from farm.browse.queries.moments import FoundMoments, find_moments
from farm.browse.queries.no_moments import why_none
from farm.browse.queries.typed_sql import ConditionRefused
from farm.browse.server.asked_game import GAME_ID, committed_entry
from farm.browse.server.refused_form import FormRefused
from farm.browse.window.window_ask import NO_WINDOW, window_ask
from farm.browse.window.window_view import described, loop, shown_window, step_picture
from manifests.labels.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from farm.browse.queries.library import Library
    from farm.browse.window.window_ask import WindowAsk
    from farm.browse.window.window_view import ShownWindow

_FRAME: Final = re.compile(r"-?\d{1,9}")
_LOOK_SECONDS: Final = 10.0  # how long a page may search for moments


class LookPages:
    """Templates, data and pictures for the pages of moments and windows.

    Args:
        library: the dataset's library.
    """

    def __init__(self, library: Library) -> None:
        self._library, self._store = library, library.store

    def pictures(self) -> list[Route]:
        """Return the routes of the pictures that the pages show."""
        return [
            Route("/games/{game_id}/moment-{frame}.webp", _webp(self._moving)),
            Route("/games/{game_id}/still-{frame}.webp", _webp(self._still)),
            Route("/window-{step:int}.webp", _webp(self._step)),
            Route("/window-loop.webp", _webp(self._loop)),
        ]

    def moments(self, request: Request) -> tuple[str, Any]:
        """Return the page of moments, with the moments that pass the filters of its address."""
        asked = request.query_params
        shown = NO_MOMENT_FILTERS | {name: asked.get(name, "") for name in NO_MOMENT_FILTERS}
        form = {"filters": shown, "choices": {**self._library.choices, "kind": list(EventKind)}}
        found = FoundMoments((), 0, 0)
        try:
            query = moment_query(shown)
            if query is not None:
                found = find_moments(self._library, query, _LOOK_SECONDS)
        except (ValueError, ConditionRefused) as error:
            raise FormRefused(str(error), "moments.html", form) from error
        return "moments.html", {
            **form,
            "moments": [asdict(moment) for moment in found.moments],
            "num_looked": found.num_looked,
            "num_games": found.num_games,
            "is_asked": query is not None,
            "why_none": [] if query is None else why_none(self._library, query, found),
            "is_cut": query is not None and len(found.moments) == query.limit,
            "has_pictures": self._library.manifest.description.video is not None,
        }

    def window(self, request: Request) -> tuple[str, Any]:
        """Return the page of one window, opened with the options of its address."""
        filled = NO_WINDOW | {name: request.query_params.get(name, "") for name in NO_WINDOW}
        form = {"filters": filled, "splits": self._library.choices["split"]}
        try:
            ask, shown = self._window(request)
        except ValueError as error:
            raise FormRefused(str(error), "window.html", form) from error
        return "window.html", {
            **form,
            **described(shown),
            "line": ask.line(self._store.url, shown.number),
            "query": str(request.url.query),
        }

    def _window(self, request: Request) -> tuple[WindowAsk, ShownWindow]:
        asked = {name: request.query_params.get(name, "") for name in NO_WINDOW}
        has_pictures = self._library.manifest.description.video is not None
        ask = window_ask(asked, has_pictures=has_pictures)
        return ask, shown_window(self._store.url, ask)

    def _step(self, request: Request) -> bytes:
        return step_picture(self._window(request)[1], request.path_params["step"])

    def _loop(self, request: Request) -> bytes:
        ask, shown = self._window(request)
        return loop(shown, ask.spec.frame_step)

    def _moving(self, request: Request, num_frames: int = CLIP_FRAMES) -> bytes:
        game_id, frame = request.path_params["game_id"], request.path_params["frame"]
        if not GAME_ID.fullmatch(game_id) or not _FRAME.fullmatch(frame):
            raise HTTPException(404, "a moment is named by a game_id and an slp_frame")
        return moving_picture(self._store, committed_entry(self._store, game_id), int(frame), num_frames)

    def _still(self, request: Request) -> bytes:
        return self._moving(request, 1)


def _webp(make: Callable[[Request], bytes]) -> Any:
    """Return an endpoint that answers with a picture, or says that there is none."""

    def made(request: Request) -> bytes:
        try:
            return make(request)
        except (NoSuchFrame, ValueError) as error:
            raise HTTPException(404, str(error)) from error

    async def endpoint(request: Request) -> Response:
        data = await run_in_threadpool(made, request)
        return Response(data, media_type="image/webp", headers={"cache-control": "max-age=3600"})

    return endpoint
