"""Serves the browser's pages: every address gives a page for people and, with `.json`, data for programs."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from farm.browse.game.comparing import Comparison
from farm.browse.game.pairs import column_of, game_page, state_of
from farm.browse.pages.templates import SERVED, STATIC, page_templates
from farm.browse.pictures.sheets import sheet_of
from farm.browse.pictures.stills import thumbnail
from farm.browse.queries.figures import charts_page, trials_of
from farm.browse.queries.game_filters import NO_FILTERS, SORT_COLUMNS, Filters
from farm.browse.queries.library import Library
from farm.browse.server.asked_game import GAME_ID, asked_game_id, committed_entry
from farm.browse.server.clip_pages import ClipPages
from farm.browse.server.compare_pages import ComparePages
from farm.browse.server.live_pages import LivePages
from farm.browse.server.look_pages import LookPages
from farm.browse.server.object_ranges import KEEP, object_ranges
from farm.browse.server.refused_form import FormRefused
from farm.browse.server.safety import Guard
from farm.browse.states.curves import Curves, CurvesUnavailable
from farm.browse.states.schema_page import schema_tables
from farm.browse.states.timeline import timeline
from farm.browse.window.named_game import game_that_begins
from manifests.errors import DatasetError, NotFinalized
from manifests.ledger.dataset import read_description
from manifests.ledger.entry import read_entry
from manifests.store.contract import ObjectMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

SNAPSHOT_SECONDS: Final = 3.0  # between two checks for the first snapshot
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")


def make_app(
    store: Store,
    hosts: Collection[str] = LOOPBACK,
    token: str | None = None,
    trials: Sequence[dict[str, Any]] | None = None,
    other: Store | None = None,
) -> ASGIApp:
    """Make the web application that shows one dataset.

    Args:
        store: the dataset's store.
        hosts: names by which a request may call this server, as `Guard` takes them.
        token: the secret that a visitor must know, as `Guard` takes it.
        trials: the result of `farm bench bytes`; None for the result that is stored in the dataset.
        other: the store of a dataset to compare with.

    If the dataset is not finalized yet, the only page is that of the current runs.

    Raises:
        DatasetError: the store holds no dataset.
    """

    def pages() -> ASGIApp:
        return _Pages(Library(store), trials, other).starlette()

    try:
        return Guard(pages(), hosts, token)
    except NotFinalized:
        read_description(store)
        return Guard(_UntilThereIsASnapshot(store, pages), hosts, token)


class _UntilThereIsASnapshot:
    """Shows the page of current runs, and all pages as soon as the first snapshot exists."""

    def __init__(self, store: Store, pages: Callable[[], ASGIApp]) -> None:
        live = LivePages(store, has_snapshot=False)
        static = Mount("/static", StaticFiles(directory=STATIC))
        self._app: ASGIApp = Starlette(
            routes=[*live.routes(), static, Route("/{page:path}", live.lead_here)],
            exception_handlers={DatasetError: live.broken},
        )
        self._pages, self._is_waiting, self._looked_at = pages, True, time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look for a snapshot, unless that was done a moment ago, and answer."""
        if self._is_waiting and time.monotonic() > self._looked_at + SNAPSHOT_SECONDS:
            self._looked_at = time.monotonic()
            with suppress(DatasetError):
                self._app, self._is_waiting = await run_in_threadpool(self._pages), False
        await self._app(scope, receive, send)


class _Pages:
    def __init__(
        self, library: Library, trials: Sequence[dict[str, Any]] | None, other: Store | None
    ) -> None:
        self._trials = trials_of(library.store) if trials is None else trials
        self._library, self._store = library, library.store
        self._curves = Curves()
        self._live = LivePages(library.store, has_snapshot=True)
        self._look = LookPages(library)
        self._clips = ClipPages(library.store)
        self._other = other
        self._compare = ComparePages(None if other is None else Comparison(library, other))
        self._templates = page_templates(library.store.url)
        self._templates.globals["is_compared"] = other is not None

    def starlette(self) -> Starlette:
        page = {"": False, ".json": True}
        routes = [
            Route(path + suffix, self._wrapped(handler, as_json=as_json))
            for path, handler in (
                ("/index", self._totals),
                ("/games", self._games),
                ("/moments", self._look.moments),
                ("/window", self._look.window),
                ("/charts", self._charts),
                ("/compare", self._compare.games),
                ("/compare/{game_id}", self._compare.game),
                ("/rejects", self._rejects),
                ("/schema", self._schema),
                ("/games/{game_id}", self._game),
            )
            for suffix, as_json in reversed(page.items())
        ]
        return Starlette(
            routes=[
                Route("/", self._wrapped(self._totals, as_json=False)),
                Route("/games/{game_id}/chunk-{number:int}.json", self._of_chunk(state_of)),
                Route("/games/{game_id}/evidence-{number:int}.json", self._of_chunk(self._evidence)),
                Route("/games/{game_id}/chunk-{number:int}/{column}.json", self._column),
                Route("/games/{game_id}/timeline.json", self._timeline),
                Route("/games/{game_id}/{what:str}.jpg", self._still),
                *self._look.pictures(),
                *self._live.routes(),
                *self._clips.routes(),
                *self._compare.routes(),
                Route("/files/{key:path}", object_ranges(self._store)),
                Route("/other/files/{key:path}", object_ranges(self._other)),
                Mount("/static", StaticFiles(directory=STATIC)),
                *routes,
            ],
            exception_handlers={
                HTTPException: self._refused,
                DatasetError: self._broken,
                CurvesUnavailable: self._unavailable,
            },
        )

    def _wrapped(self, handler: Any, *, as_json: bool) -> Any:
        async def endpoint(request: Request) -> Response:
            if (address := await run_in_threadpool(self._full_address, request)) is not None:
                return RedirectResponse(address)
            status = 200
            try:
                template, data = await run_in_threadpool(handler, request)
            except FormRefused as refused:
                if as_json:
                    return JSONResponse({"error": refused.detail}, 400)
                template, data, status = refused.template, refused.data | {"refused": refused.detail}, 400
            if as_json:
                return JSONResponse(data)
            return HTMLResponse(self._templates.get_template(template).render(data=data, **SERVED), status)

        return endpoint

    def _full_address(self, request: Request) -> str | None:
        """Complete an address that has only the first digits of a game_id; None if it is complete."""
        digits = request.path_params.get("game_id", "")
        if not digits or GAME_ID.fullmatch(digits):
            return None
        game_ids = self._library.game_ids
        try:
            game_id = game_ids[game_that_begins(digits, game_ids)]
        except ValueError as error:
            raise HTTPException(404, str(error)) from error
        folder, _, name = request.url.path.rpartition("/")
        return f"{folder}/{game_id}{name.removeprefix(digits)}"

    def _totals(self, _: Request) -> tuple[str, Any]:
        return "totals.html", self._library.totals()

    def _charts(self, _: Request) -> tuple[str, Any]:
        return "charts.html", charts_page(self._library, self._trials)

    def _games(self, request: Request) -> tuple[str, Any]:
        asked = {name: text.strip() for name, text in request.query_params.items()}
        shown = NO_FILTERS | {name: asked.get(name, "") for name in NO_FILTERS}
        form = {"filters": shown, "choices": self._library.choices, "sorts": list(SORT_COLUMNS)}
        try:
            filters = Filters(
                stage=asked.get("stage", ""),
                character=asked.get("character", ""),
                versus=asked.get("versus", ""),
                split=asked.get("split", ""),
                text=asked.get("text", ""),
                min_frames=_whole_number(asked, "min_frames"),
                max_frames=_whole_number(asked, "max_frames"),
                since=asked.get("since", ""),
                until=asked.get("until", ""),
                sort=asked.get("sort", "game"),
                is_descending=asked.get("descending", "") == "1",
                page=_whole_number(asked, "page") or 0,
            )
        except ValueError as error:
            raise FormRefused(str(error), "games.html", form) from error
        found = self._library.games(filters)
        shown |= {"sort": filters.sort, "descending": "1" if filters.is_descending else ""}
        return "games.html", {
            **form,
            "games": found.rows,
            "num_games": found.num_games,
            "page": filters.page,
            "num_pages": found.num_pages,
        }

    def _game(self, request: Request) -> tuple[str, Any]:
        page = game_page(self._library, asked_game_id(request))
        if page is None:
            raise HTTPException(404, "no committed game of this dataset has this id")
        return "game.html", page

    def _rejects(self, request: Request) -> tuple[str, Any]:
        reason = request.query_params.get("reason", "")
        counts = self._library.reject_counts()
        return "rejects.html", {"reason": reason, "counts": counts, "games": self._library.rejects(reason)}

    def _schema(self, _: Request) -> tuple[str, Any]:
        return "schema.html", schema_tables()

    def _of_chunk(self, read: Callable[[Store, int, LedgerEntry], Any]) -> Any:
        """Return an endpoint that answers with what `read` finds in one chunk of one game."""

        async def endpoint(request: Request) -> Response:
            game_id, number = asked_game_id(request), request.path_params["number"]

            def found() -> Any:
                return read(self._store, number, self._chunk_entry(game_id, number))

            return JSONResponse(await run_in_threadpool(found), headers=KEEP)

        return endpoint

    def _evidence(self, store: Store, number: int, entry: LedgerEntry) -> dict[str, Any]:
        return self._curves.of(store, entry.chunks[number])

    async def _column(self, request: Request) -> Response:
        game_id, number = asked_game_id(request), request.path_params["number"]

        def found() -> Any:
            entry = self._chunk_entry(game_id, number)
            try:
                return column_of(self._store, number, entry, request.path_params["column"])
            except KeyError as error:
                raise HTTPException(404, "the states have no such column; see the schema page") from error

        return JSONResponse(await run_in_threadpool(found), headers=KEEP)

    async def _timeline(self, request: Request) -> Response:
        game_id = asked_game_id(request)

        def found() -> Any:
            return timeline(self._store, self._chunk_entry(game_id, 0))

        return JSONResponse(await run_in_threadpool(found), headers=KEEP)

    def _chunk_entry(self, game_id: str, number: int) -> LedgerEntry:
        entry = read_entry(self._store, game_id)
        if entry is None or not 0 <= number < len(entry.chunks):
            raise HTTPException(404, "no such chunk")
        return entry

    async def _still(self, request: Request) -> Response:
        makers = {"thumbnail": thumbnail, "sheet": sheet_of}
        maker = makers.get(request.path_params["what"])
        if maker is None:
            raise HTTPException(404, "there are thumbnail.jpg and sheet.jpg")
        game_id = asked_game_id(request)

        def make() -> bytes:
            return maker(self._store, committed_entry(self._store, game_id))

        headers = {"cache-control": "max-age=86400"}
        return Response(await run_in_threadpool(make), media_type="image/jpeg", headers=headers)

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return self._problem(request, error.status_code, str(error.detail))

    async def _broken(self, request: Request, error: Exception) -> Response:
        status = 404 if isinstance(error, ObjectMissing) else 502
        return self._problem(request, status, f"the dataset's store cannot give this: {error!s:.300}")

    async def _unavailable(self, request: Request, error: Exception) -> Response:
        return self._problem(request, 501, str(error))

    def _problem(self, request: Request, status: int, detail: str) -> Response:
        if request.url.path.endswith(".json"):
            return JSONResponse({"error": detail}, status)
        page = self._templates.get_template("problem.html").render(detail=detail, **SERVED)
        return HTMLResponse(page, status)


def _whole_number(asked: Mapping[str, str], name: str) -> int | None:
    """Read a number in an address; return None if it is missing or empty.

    Raises:
        ValueError: the text is no whole number.
    """
    text = asked.get(name, "")
    if text and not re.fullmatch(r"-?\d{1,30}", text, re.ASCII):
        message = f"{name} is a whole number, not {text!r:.40}"
        raise ValueError(message)
    return int(text) if text else None
