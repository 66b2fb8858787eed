"""Uses the pages of `farm browse` in a real Chromium as a person does: filter, open a game, step by frames.

FARM_BROWSE_DATASET names the dataset to use; if it is not set, a small one is made whose pictures are stamps
on grey.
"""

from __future__ import annotations

import importlib.util
import io
import itertools
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.video.mp4 import decode_luma
from manifests.video.stamp import decode_levels
from tests.end_to_end.chromium import chromium
from tests.manifests.conftest import FRAMES_PER_CHUNK
from tests.manifests.small_dataset import NUM_FRAMES, build, one_state

if TYPE_CHECKING:
    from collections.abc import Iterator

np = pytest.importorskip("numpy")
pytest.importorskip("starlette", reason="the extra `browse` is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.slow]
NUM_STEPS = 100
SECONDS = 120.0  # patience for pages that measure themselves while other tests use the cores

# Reads the means of the stamp's cells on the page's canvas and the panel's text at the same moment.
READ = """
const canvas = document.getElementById(arguments[0] ?? "picture"), pen = canvas.getContext("2d");
const cells = [], scale = canvas.width / 640;
for (let cell = 0; cell < 64; cell++) {
  const left = (cell % 32 * 20 + 5) * scale, top = canvas.height - (cell < 32 ? 14 : 6) * scale;
  const data = pen.getImageData(left, top, 10 * scale, 4 * scale).data;
  let sum = 0;
  for (let k = 0; k < data.length; k += 4) sum += data[k];
  cells.push(sum / (data.length / 4));
}
return [cells, document.getElementById("slp_frame").textContent];
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    dataset = os.environ.get("FARM_BROWSE_DATASET")
    if dataset is None:
        root = tmp_path_factory.mktemp("browse")
        build(root / "set", root / "scratch")
        dataset = str(root / "set")
    yield from served(dataset)


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a dataset whose games have events of two kinds."""
    root = tmp_path_factory.mktemp("eventful")
    build(root / "set", root / "scratch", one_state(seed=8))
    yield from served(str(root / "set"))


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a rendition in which every third frame has a picture."""
    root = tmp_path_factory.mktemp("sparse")
    build(root / "set", root / "scratch")
    words = ["rendition", str(root / "set"), "--size", "480x640", "--fps", "20", "--out", str(root / "at-20")]
    assert CliRunner().invoke(farm, [*words, "--workers", "1"]).exit_code == 0
    yield from served(str(root / "at-20"))


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a dataset beside a rendition of half the size."""
    root = tmp_path_factory.mktemp("compared")
    build(root / "set", root / "scratch")
    words = [
        "rendition",
        str(root / "set"),
        "--size",
        "240x320",
        "--out",
        str(root / "half"),
        "--workers",
        "1",
    ]
    assert CliRunner().invoke(farm, words).exit_code == 0
    yield from served(str(root / "set"), "--compare", str(root / "half"))


def served(dataset: str, *words: str) -> Iterator[str]:
    start = [sys.executable, "-c", "from farm.cli import main; main()"]
    command = [*start, "browse", dataset, "--port", "0", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            yield server.stderr.readline().split()[0].rstrip("/")
        finally:
            server.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def wait_for(browser: Any, script: str) -> Any:
    from selenium.webdriver.support.wait import WebDriverWait  # noqa: PLC0415 - only where selenium is

    return WebDriverWait(browser, SECONDS, poll_frequency=0.02).until(
        lambda driver: driver.execute_script(script)
    )


def open_first_game(browser: Any, url: str) -> None:
    browser.get(f"{url}/games")
    browser.find_element("css selector", "select[name=stage] option:nth-child(2)").click()
    browser.find_element("css selector", ".filters button").click()
    assert "stage=" in browser.current_url
    wait_for(browser, "return document.getElementById('main').getAttribute('aria-busy') === null")
    browser.find_element("css selector", "tbody th a").click()
    wait_for(browser, "return document.getElementById('slp_frame')?.textContent === '-123' && "
             "document.querySelector('.action')?.textContent.length > 0")  # fmt: skip


def wrong_pictures(browser: Any, num_steps: int, picture_step: int = 1) -> list[tuple[int, str, int, bool]]:
    """Step through frames from the first; list where the canvas' stamp is not that of the panel's slp_frame.

    Frames that have no picture are shown with the last one before them.
    """
    body, wrong = browser.find_element("css selector", "body"), []
    for step in range(1, num_steps + 1):
        body.send_keys("\ue014")  # arrow right
        wait_for(browser, f"return document.getElementById('slp_frame').textContent === '{step - 123}'")
        cells, panel = browser.execute_script(READ)
        (stamp,), (is_valid,) = decode_levels(np.array([cells], np.float32))
        shown = int(panel) - (step % FRAMES_PER_CHUNK) % picture_step
        if not is_valid or int(stamp) != shown:
            wrong.append((step, panel, int(stamp), bool(is_valid)))
    return wrong


def test_every_picture_is_the_one_of_the_state_beside_it(browser: Any, url: str):
    open_first_game(browser, url)
    assert wrong_pictures(browser, NUM_STEPS) == []


def test_a_filter_changes_table_and_address_and_goes_back(browser: Any, url: str):
    browser.get(f"{url}/games?sort=frames")
    words = "return document.querySelector('p[role=status]').textContent.split(' ')[0]"
    everything = browser.execute_script(words)
    split = browser.find_element("css selector", "select[name=split] option:nth-child(2)")
    split_name = split.text
    split.click()
    wait_for(browser, "return document.getElementById('main').getAttribute('aria-busy') === null")
    assert f"split={split_name}" in browser.current_url
    assert "sort=frames" in browser.current_url
    address, filtered = browser.current_url, browser.execute_script(words)
    browser.find_element("css selector", "th[data-sort=stage] a").click()
    wait_for(browser, "return document.querySelector('th[data-sort=stage]').ariaSort === 'ascending'")
    assert browser.execute_script(words) == filtered
    browser.back()
    wait_for(browser, "return document.querySelector('th[data-sort=frames]').ariaSort === 'ascending'")
    assert (browser.current_url, browser.execute_script(words)) == (address, filtered)
    browser.get(address)  # loaded from the server, the page is the same
    assert browser.execute_script(words) == filtered
    browser.back()
    assert int(everything.replace(",", "")) >= int(filtered.replace(",", ""))


def test_an_address_opens_a_frame(browser: Any, url: str):
    open_first_game(browser, url)
    address = browser.current_url.split("#")[0]
    browser.get("about:blank")
    browser.get(f"{address}#-60")
    wait_for(browser, "return document.getElementById('slp_frame')?.textContent === '-60'")


@pytest.mark.parametrize(
    "page",
    [
        "/",
        "/games",
        "/charts",
        "/moments?kind=hit",
        "/window?actions=every&frame_step=2",
        "/rejects",
        "/schema",
    ],
)
@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_its_window_or_logs_an_error(browser: Any, url: str, page: str, width: int):
    browser.set_window_size(width, 900)
    browser.get(url + page)
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"
            and "favicon" not in line["message"]] == []  # fmt: skip


def axe_source() -> str:
    """axe-core, which axe-playwright-python carries; it is installed without its Playwright."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("no axe-playwright-python here: it is in the extra `dev`")
    return Path(found.origin).with_name("axe.min.js").read_text()


def serious_faults(browser: Any) -> list[str]:
    """The faults that axe finds on the page now and calls serious or critical.

    In a long table only the first five rows are checked: the others are alike, and would cost seconds a page.
    """
    browser.execute_script(axe_source())
    found = browser.execute_async_script(
        "axe.run({exclude: [['tbody tr:nth-child(n+6)']]}, {resultTypes: ['violations']})"
        ".then((found) => arguments[0](found.violations))"
    )
    return [
        f"{fault['id']}: {fault['help']}: {[node['html'][:120] for node in fault['nodes'][:3]]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1280)])
def test_axe_finds_no_serious_fault_on_any_page(browser: Any, url: str, scheme: str, width: int):
    scheme_is = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme_is)
    browser.set_window_size(width, 900)
    faults = {}
    pages = (
        "/",
        "/games",
        "/games?stage=NOWHERE",
        "/moments",
        "/moments?kind=hit",
        "/window",
        "/charts",
        "/rejects",
        "/schema",
    )
    for page in (*pages, "/games/none"):
        browser.get(url + page)
        if page == "/":
            wait_for(browser, "return document.querySelector('#progress dl')")
        if page == "/charts":
            wait_for(browser, "return document.querySelector('#figures[data-ready]')")
            browser.execute_script(
                "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
            )
        faults[page] = serious_faults(browser)
    open_first_game(browser, url)
    wait_for(browser, "return document.getElementById('rolled').textContent.length > 0")
    browser.execute_script("document.getElementById('curve-list').scrollIntoView()")
    wait_for(browser, "return document.querySelector('#curve-list[data-ready]')")
    faults["a game"] = serious_faults(browser)
    assert {page: found for page, found in faults.items() if found} == {}


def test_a_moment_is_shown_and_leads_to_its_frame(browser: Any, url: str):
    browser.get(f"{url}/moments")
    browser.find_element("css selector", "select[name=kind] option[value='']")
    browser.find_element("xpath", "//select[@name='kind']/option[text()='hit']").click()
    browser.find_element("css selector", ".filters button").click()
    wait_for(browser, "return document.querySelectorAll('.moments a').length > 0")
    wait_for(
        browser, "return [...document.querySelectorAll('.moments img')].every((one) => one.naturalWidth)"
    )
    links = browser.execute_script("return [...document.querySelectorAll('.moments a')].map((a) => a.href)")
    for link in links[:50]:
        slp_frame = int(link.partition("#")[2])
        browser.get("about:blank")
        browser.get(link)
        wait_for(browser, f"return document.getElementById('slp_frame')?.textContent === '{slp_frame}'")
        (stamp,), (is_valid,) = decode_levels(np.array([browser.execute_script(READ)[0]], np.float32))
        assert (int(stamp), bool(is_valid)) == (slp_frame, True)


def test_axe_would_find_one(browser: Any, url: str):
    browser.get(f"{url}/rejects")
    browser.execute_script("document.querySelector('nav').innerHTML = '<a href=x></a><img src=x>'")
    assert any(fault.startswith("image-alt") for fault in serious_faults(browser))


def test_every_page_has_its_twin_for_programs(url: str):
    for page in ("/index", "/games", "/rejects", "/schema"):
        with urllib.request.urlopen(f"{url}{page}.json") as answer:  # noqa: S310 - our own server
            assert answer.headers["content-type"] == "application/json"


def test_an_event_leads_to_its_frame(browser: Any, eventful: str):
    open_first_game(browser, eventful)
    wait_for(browser, "return document.querySelectorAll('#event-list button').length > 0")
    labels = browser.execute_script(
        "return [...document.querySelectorAll('#event-list button')].map((b) => b.textContent)"
    )
    last = int(labels[-1].partition(":")[0])
    assert [int(label.partition(":")[0]) for label in labels] == sorted(
        int(label.partition(":")[0]) for label in labels
    )
    browser.execute_script("[...document.querySelectorAll('#event-list button')].at(-1).click()")
    wait_for(browser, f"return document.getElementById('slp_frame').textContent === '{last}'")
    kind = browser.execute_script(
        "const kinds = document.getElementById('event-kind'); kinds.selectedIndex = 1; "
        "kinds.dispatchEvent(new Event('change')); return kinds.value"
    )
    shown = browser.execute_script(
        "return [...document.querySelectorAll('#event-list button')].map((b) => b.textContent)"
    )
    assert 0 < len(shown) <= len(labels)
    assert all(f": {kind.replace('_', ' ')}, " in label for label in shown)


def test_charts_are_drawn_with_their_tables_and_the_heat_map_leads_to_its_games(browser: Any, url: str):
    browser.get(f"{url}/charts")
    wait_for(browser, "return document.querySelector('#figures[data-ready]')")
    captions = browser.execute_script("""
        return [...document.querySelectorAll(".chart")].map((figure) => [
          figure.querySelector("figcaption").textContent,
          figure.querySelector("canvas").width > 0,
          figure.querySelectorAll("tbody tr").length,
        ]);
    """)
    assert {"Games by length", "Games by bytes per frame", "Margin of motion"} <= {
        told for told, _, _ in captions
    }
    assert all(is_drawn and rows for _, is_drawn, rows in captions)
    cell = browser.find_element("css selector", "#meetings td a")
    number, (one, other) = (
        int(cell.text),
        cell.get_attribute("aria-label").split(" games of ")[1].split(" against "),
    )
    cell.click()
    wait_for(browser, "return document.querySelector('form.filters')")
    found = browser.execute_script(
        "return [document.querySelector('p[role=status]').textContent.trim().split(' ')[0], "
        "document.querySelector('[name=character]').value, document.querySelector('[name=versus]').value]"
    )
    assert found == [str(number), one, other]


def open_compared(browser: Any, compared: str) -> None:
    browser.get(f"{compared}/compare")
    browser.find_element("css selector", "tbody th a").click()
    wait_for(browser, "return document.querySelector('#compare[data-ready]')")


# Each canvas keeps the texts that were written on it since it was cleared last.
KEEP_TEXTS = """
const pen = CanvasRenderingContext2D.prototype, { fillText, clearRect } = pen;
pen.clearRect = function (...area) { this.canvas.texts = []; clearRect.apply(this, area); };
pen.fillText = function (...said) { (this.canvas.texts ??= []).push(said[0]); fillText.apply(this, said); };
"""


def test_no_two_labels_of_the_time_axis_are_alike(browser: Any, url: str):
    # These games ended within seconds of each other, so a finer axis would repeat the minute.
    kept = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": KEEP_TEXTS})
    try:
        browser.get(f"{url}/charts")
        wait_for(browser, "return document.querySelector('#throughput canvas')?.texts?.length > 0")
        texts = browser.execute_script("return document.querySelector('#throughput canvas').texts")
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", kept)
    times = [text for text in texts if re.fullmatch(r"\d\d-\d\d \d\d:\d\d", text)]
    assert times
    assert len(set(times)) == len(times)


def test_two_renders_are_in_lock_step_and_their_likeness_is_drawn(browser: Any, compared: str):
    open_compared(browser, compared)
    body, wrong = browser.find_element("css selector", "body"), []
    for step in range(1, NUM_STEPS + 1):
        body.send_keys("\ue014")  # arrow right
        wait_for(browser, f"return document.getElementById('slp_frame').textContent === '{step - 123}'")
        for side in ("side-0", "side-1"):
            cells, shown = browser.execute_script(READ, side)
            (stamp,), (is_valid,) = decode_levels(np.array([cells], np.float32))
            if not is_valid or int(stamp) != int(shown):
                wrong.append((step, side, int(stamp), bool(is_valid)))
    assert wrong == []
    cells_of = (
        "return [...document.querySelectorAll('#ssim details tbody td')].map((cell) => cell.textContent)"
    )
    likeness = [float(text) for text in browser.execute_script(cells_of)]
    assert len(likeness) == NUM_FRAMES
    assert all(0.5 < one <= 1 for one in likeness)
    assert browser.execute_script("return document.getElementById('difference').width") == 320


def test_axe_finds_no_serious_fault_where_two_are_compared(browser: Any, compared: str):
    faults = {}
    for scheme, width in (("dark", 360), ("light", 1280)):
        scheme_is = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme_is)
        browser.set_window_size(width, 900)
        browser.get(f"{compared}/compare")
        faults["list", width] = serious_faults(browser)
        open_compared(browser, compared)
        faults["game", width] = serious_faults(browser)
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert {page: found for page, found in faults.items() if found} == {}


def test_events_are_jumped_to_and_drawn_over_the_picture(browser: Any, eventful: str):
    open_first_game(browser, eventful)
    wait_for(browser, "return !document.getElementById('event-on').disabled")
    frames = browser.execute_script(
        "return [...document.querySelectorAll('#event-list button')].map((b) => parseInt(b.textContent))"
    )
    steps = sorted(set(frames))[:3]
    ink = (
        "const all = document.getElementById('overlay'); return all.getContext('2d')"
        ".getImageData(0, 0, all.width, all.height).data.some((value) => value)"
    )
    browser.execute_script("document.getElementById('show-events').click()")
    for frame in steps:
        browser.execute_script("document.getElementById('event-on').click()")
        wait_for(browser, f"return document.getElementById('slp_frame').textContent === '{frame}'")
        (stamp,), (is_valid,) = decode_levels(np.array([browser.execute_script(READ)[0]], np.float32))
        assert (int(stamp), bool(is_valid)) == (frame, True)
        assert browser.execute_script(ink)
    browser.execute_script("document.getElementById('event-back').click()")
    wait_for(browser, f"return document.getElementById('slp_frame').textContent === '{steps[-2]}'")
    browser.execute_script("document.getElementById('show-boxes').click()")
    wait_for(browser, "return document.getElementById('boxes-message').textContent.includes('not recorded')")


def test_a_range_is_looped_and_downloaded(browser: Any, url: str):
    open_first_game(browser, url)
    shown = browser.execute_async_script("""
        const done = arguments[0], $ = (id) => document.getElementById(id), seen = [];
        $("range-first").value = -100; $("range-last").value = -91;
        $("range-last").dispatchEvent(new Event("change"));
        $("loop").checked = true; $("speed").value = "4";
        new MutationObserver(() => {
          seen.push(Number($("slp_frame").textContent));
          if (seen.length === 40) { $("play").click(); done(seen); }
        }).observe($("slp_frame"), { childList: true });
        $("play").click();
    """)
    within = shown[shown.index(next(frame for frame in shown if frame >= -100)) :]
    assert {frame for frame in within if not -100 <= frame <= -91} == set()
    assert sum(after < before for before, after in itertools.pairwise(within)) > 1, "it begins again"
    href = browser.execute_script("return document.getElementById('clip-mp4').href")
    assert "/clip_-100_-90.mp4?over=state" in href
    with urllib.request.urlopen(href) as answer:  # noqa: S310 - our own server
        assert len(list(decode_luma(io.BytesIO(answer.read())))) == 10


def test_frames_without_a_picture_are_shown_with_the_last_one(browser: Any, sparse: str):
    open_first_game(browser, sparse)
    assert wrong_pictures(browser, NUM_STEPS, picture_step=3) == []
