"""The exported pages work in a real Chromium, served by a plain web server that does not know byte ranges."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from farm.cli import farm
from tests.end_to_end.chromium import chromium
from tests.end_to_end.test_browser import serious_faults, wait_for, wrong_pictures
from tests.manifests.small_dataset import NUM_GAMES, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("starlette", reason="the extra `browse` is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NUM_STEPS = 20


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset into which its own pages were exported."""
    root = tmp_path_factory.mktemp("export")
    build(root / "set", root / "scratch")
    result = CliRunner().invoke(farm, ["browse", str(root / "set"), "--export", str(root / "set/pages")])
    assert result.exit_code == 0, result.output
    return root


@pytest.fixture(scope="module")
def url(root: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(root / "set"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/pages"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def severe(browser: Any) -> list[str]:
    return [
        line["message"]
        for line in browser.get_log("browser")
        if line["level"] == "SEVERE" and "favicon" not in line["message"]
    ]


def test_filter_to_a_game_and_step_through_it(browser: Any, url: str):
    browser.get(f"{url}/index.html")
    wait_for(browser, "return document.querySelector('#progress dl')")
    browser.find_element("link text", "Games").click()
    wait_for(browser, "return document.body.dataset.ready")
    browser.find_element("css selector", "select[name=stage] option:nth-child(2)").click()
    browser.find_element("css selector", ".filters button").click()
    wait_for(browser, "return document.body.dataset.ready")
    assert "stage=" in browser.current_url
    browser.find_element("css selector", "tbody th a").click()
    wait_for(browser, "return document.getElementById('slp_frame')?.textContent === '-123' && "
             "document.querySelector('.action')?.textContent.length > 0")  # fmt: skip
    assert wrong_pictures(browser, NUM_STEPS) == []
    wait_for(browser, "return document.getElementById('rolled').textContent.length > 0")
    assert severe(browser) == []


def shown(browser: Any, address: str) -> tuple[str, list[str]]:
    browser.get(address)
    wait_for(browser, "return document.body.dataset.ready")
    rows = browser.execute_script("return [...document.querySelectorAll('tbody th a')].map((a) => a.text)")
    return browser.find_element("css selector", "p[role=status]").text, rows


def test_filters_and_order_are_in_the_address(browser: Any, url: str):
    status, rows = shown(browser, f"{url}/games.html")
    assert (status, len(rows), rows) == (f"{NUM_GAMES} games, page 1 of 1", NUM_GAMES, sorted(rows))
    assert shown(browser, f"{url}/games.html?sort=game&descending=1")[1] == rows[::-1]
    assert shown(browser, f"{url}/games.html?text={rows[1]}")[1] == [rows[1]]
    assert shown(browser, f"{url}/games.html?stage=NOWHERE")[1] == []
    assert shown(browser, f"{url}/games.html?min_frames=201")[1] == []
    assert shown(browser, f"{url}/games.html?max_frames=200&until=2999-01-01")[1] == rows
    assert shown(browser, f"{url}/games.html?text=%3Cimg%20src=x%20onerror=alert(1)%3E")[1] == []
    assert severe(browser) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault_or_is_too_wide(browser: Any, url: str, root: Path, scheme: str):
    scheme_is = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme_is)
    browser.set_window_size(360, 900)
    pages = sorted((root / "set/pages").rglob("*.html"))
    assert {page.stem for page in pages} >= {"index", "games", "rejects", "rejects-misaligned", "schema"}
    for page in pages[:7]:
        browser.get(f"{url}/{page.relative_to(root / 'set/pages')}")
        assert serious_faults(browser) == [], page
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert severe(browser) == []


def test_no_link_leads_nowhere(root: Path):
    pages = root / "set/pages"
    for page in pages.rglob("*.html"):
        for target in re.findall(r'(?:href|src)="([^"#?]*)', page.read_text()):
            assert not target.startswith("/"), (page, target)
            if target:
                assert (page.parent / target).exists(), (page, target)


def test_only_the_games_asked_for_are_written(root: Path, tmp_path: Path):
    arguments = ["browse", str(root / "set"), "--export", str(tmp_path / "some"), "--limit", "1"]
    result = CliRunner().invoke(farm, [*arguments, "--files", "https://files.example/set"])
    assert result.exit_code == 0, result.output
    (page,) = (tmp_path / "some/games").glob("*.html")
    assert 'data-files="https://files.example/set/"' in page.read_text()


def test_a_condition_that_is_none_fails(root: Path, tmp_path: Path):
    arguments = ["browse", str(root / "set"), "--export", str(tmp_path / "some"), "--where", "no such"]
    result = CliRunner().invoke(farm, arguments)
    assert result.exit_code == 2
    assert "--where 'no such'" in result.output


def test_what_goes_with_an_export_is_refused_without(root: Path):
    result = CliRunner().invoke(farm, ["browse", str(root / "set"), "--limit", "3"])
    assert result.exit_code == 2
    assert "go with --export" in result.output
