"""Lists which part of the code may import which, and which modules may import each foreign package.

The parts are called rooms, and the modules that import a foreign package are its doors. Every set below is
complete: whoever adds or removes an import between rooms changes this test.
"""

from __future__ import annotations

import sys

import pytest

from tests.structure.imports import PACKAGES, modules, name_of, rooms, sources
from tests.structure.imports import imported as imported_by

BELOW = {
    "manifests": set(),
    "workers": {"manifests", "dolphin_configs"},
    "farm": {"workers", "manifests", "dolphin_configs"},
    "dolphin_configs": set(),
}
"""Imports go from farm to workers to manifests, never back: a trainer needs neither Ray nor Dolphin."""

ROOMS = {
    "manifests": {
        "errors": "",
        "private_folder": "",
        "home_folder": "errors private_folder",
        "parquet_bounds": "",
        "plain_file": "",
        "state": "parquet_bounds",
        "labels": "state",
        "store": "errors home_folder parquet_bounds plain_file",
        "video": "errors state",
        "ledger": "errors labels state store",
        "live": "errors store",
        "snapshot": "errors labels ledger state store",
        "audit": "errors ledger snapshot state store video",
        "card": "ledger snapshot state store",
        "lerobot": "errors ledger snapshot state store video",
        "side_tables": "errors parquet_bounds state store",
        "hub": "store",
        "training": "errors home_folder ledger side_tables snapshot state store video",
        "exports": "errors labels state store training video",
        "latents": "errors side_tables training",
        "manifests": "errors snapshot store training",  # the names that `from manifests import` gives
        "reference": "manifests state video",
    },
    "workers": {
        "workers": "",
        "errors": "",
        "scratch": "errors",
        "machine": "",
        "printable": "",
        "replay": "errors printable",
        "files": "errors replay",
        "emulator": "errors files scratch",
        "align": "emulator errors",
        "standin": "align errors replay",
        "rendering": "align emulator errors files replay scratch standin",
        "job": "align emulator errors machine rendering replay scratch",
        "states_job": "job rendering replay scratch",
        "rendition_job": "errors job rendering scratch",
        "rates_job": "emulator errors job rendering replay scratch",
    },
    "farm": {
        "farm": "",
        "amounts": "",
        "engine": "",
        "machine": "",
        "planning": "amounts",
        "align_plot": "",
        "likeness": "",
        "rerender": "",
        "pools": "engine",
        "browse": "amounts likeness machine planning",
        "view": "browse",
        "setting": "",
        "settings": "planning pools setting",
        "run_outcome": "engine planning",
        "run_report": "engine planning run_outcome",
        "run_notes": "engine",
        "unpacking": "run_outcome",
        "budget": "engine planning run_report settings",
        "run": "budget engine planning pools run_notes run_outcome run_report settings unpacking",
        "states_run": "planning run run_outcome run_report settings",
        "rendition_run": "run run_outcome run_report settings",
        "terminal": "amounts engine machine planning run_outcome settings",
        "bench": "browse engine likeness machine planning pools run run_report settings terminal",
        "launch": "engine machine pools run settings terminal",
        "commands": (
            "align_plot amounts bench browse budget engine machine planning rendition_run rerender run "
            "settings states_run terminal view"
        ),
        "cli": "commands engine terminal",
        "__main__": "cli",
    },
    "farm/browse": {
        "farm/browse": "",
        "states": "",
        "queries": "states",
        "pictures": "states",
        "game": "pictures queries states",
        "window": "queries",
        "live": "",
        "pages": "",
        "server": "game live pages pictures queries states window",
        "export": "game live pages pictures queries states",
    },
}
"""Each room with the rooms of its house that it imports, beginning with those that import none.

A house is a package, or a large room of one that has rooms of its own.
"""

DOORS = {
    "PIL": {
        "farm/browse/pictures/stills.py",
        "farm/browse/window/window_view.py",
        "manifests/video/overlay.py",
    },
    "av": {
        "farm/bench/_bytes_regions.py",  # regions of interest
        "manifests/video/clip.py",  # clips for people
        "manifests/video/libav.py",  # a loader's windows
        "manifests/video/mp4.py",  # what a finished file holds
        "workers/emulator/picture_stream.py",  # raw pictures of mainline Dolphin
        "workers/emulator/png_picture.py",  # Slippi's image dump
        "workers/rendering/encode.py",
    },
    "boto3": {"manifests/store/s3_client.py"},
    "botocore": {"manifests/store/s3_client.py", "manifests/store/s3_ranges.py"},
    "cv2": {
        "farm/bench/_sizes.py",
        "farm/likeness.py",
        "workers/align/motion/thumbnails.py",
        "workers/rendering/live_view.py",
    },
    "duckdb": {"farm/browse/queries/typed_sql.py"},
    "ffmpeg": {"farm/bench/_bytes_vmaf.py", "workers/rendering/independent_check.py"},
    "huggingface_hub": {"manifests/hub/api.py"},
    "jinja2": {"farm/browse/pages/templates.py"},
    "lerobot": {"farm/bench/_lerobot.py"},
    "matplotlib": {
        "farm/align_plot.py",
        "farm/bench/_bytes_plot.py",
        "farm/bench/_report_plot.py",
        "manifests/reference/chart.py",
    },
    # Peers are timed in environments of their own, by scripts that import nothing of ours.
    "melee": {"farm/bench/_reading_peers.py", "workers/replay/melee_names.py"},
    "mira": {"farm/bench/_mira_clips.py"},
    "peppi_py": {"farm/bench/_peppi.py", "farm/bench/_reading_peers.py"},
    "py7zr": {"workers/replay/sevenzip.py"},
    "prometheus_client": {"farm/engine/metrics_server.py"},
    "ray": {
        "farm/pools/ray_metrics.py",
        "farm/pools/ray_nodes.py",
        "farm/pools/ray_pool.py",
        "manifests/latents/ray_encode.py",
        "manifests/training/ray_data.py",
    },
    "selenium": {"farm/bench/_chromium.py", "farm/bench/browse.py"},
    "starlette": {
        "farm/browse/server/app.py",
        "farm/browse/server/asked_game.py",
        "farm/browse/server/clip_pages.py",
        "farm/browse/server/compare_pages.py",
        "farm/browse/server/live_pages.py",
        "farm/browse/server/look_pages.py",
        "farm/browse/server/object_ranges.py",
        "farm/browse/server/safety.py",
    },
    "torch": {
        "farm/bench/_sizes.py",
        "manifests/latents/torch_device.py",
        "manifests/reference/corrector.py",
        "manifests/reference/diffusion.py",
        "manifests/reference/frames.py",
        "manifests/reference/guesses.py",
        "manifests/reference/int8.py",
        "manifests/reference/latent_windows.py",
        "manifests/reference/loop.py",
        "manifests/reference/network.py",
        "manifests/reference/planner.py",
        "manifests/reference/rollout.py",
        "manifests/reference/run.py",
        "manifests/reference/scoring.py",
        "manifests/reference/speculate.py",
        "manifests/reference/state_model.py",
        "manifests/reference/unroll.py",
        "manifests/reference/video_model.py",
        "manifests/reference/zero_shot.py",
        "manifests/training/torch_windows.py",
        "manifests/video/torchcodec_decoder.py",
    },
    "torchcodec": {
        "farm/bench/_sizes.py",
        "farm/bench/_torchcodec_windows.py",
        "farm/bench/loader.py",
        "manifests/video/torchcodec_decoder.py",
    },
    "uvicorn": {"farm/commands/browse.py"},
}
"""The modules that may import a foreign package; they turn its errors into ours."""

EVERYWHERE = {"click", "numpy", "pyarrow", "rich"}
"""Packages of the base installation, which any module may import."""


def test_every_package_has_its_plan():
    assert set(BELOW) == set(PACKAGES)
    assert {house.split("/")[0] for house in ROOMS} == set(PACKAGES) - {"dolphin_configs"}


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_lies_below_it(package: str):
    seen = {
        other.split(".")[0]
        for name, names in modules().items()
        if name.split(".")[0] == package
        for other in names
    }
    assert seen - {package} <= BELOW[package]


@pytest.mark.parametrize("house", ROOMS)
def test_a_room_looks_into_the_rooms_of_the_plan_and_no_other(house: str):
    found = {room.removeprefix(f"{house}/"): others for room, others in rooms(house).items()}
    plain = {room: {other.removeprefix(f"{house}/") for other in others} for room, others in found.items()}
    assert plain == {room: set(others.split()) for room, others in ROOMS[house].items()}


@pytest.mark.parametrize("house", ROOMS)
def test_no_arrow_of_the_plan_runs_up(house: str):
    built: set[str] = set()
    for room, others in ROOMS[house].items():
        assert set(others.split()) <= built, f"{room} looks up"
        built.add(room)


def test_no_modules_import_each_other_in_a_circle():
    left = modules()
    while left:
        free = {name for name, names in left.items() if not names & (left.keys() - {name})}
        assert free, f"in or above a circle: {sorted(left)}"
        left = {name: names for name, names in left.items() if name not in free}


def test_a_foreign_thing_comes_in_by_its_doors_and_no_other_way():
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for source in sources(package):
            for name in imported_by(source):
                top = name.split(".")[0]
                if top not in sys.stdlib_module_names and top not in {*PACKAGES, *EVERYWHERE, "_typeshed"}:
                    found.setdefault(top, set()).add("/".join(source.parts[source.parts.index(package) :]))
    assert found == DOORS


def test_nothing_is_called_utils_or_common():
    names = {name_of(source).split(".")[-1] for package in PACKAGES for source in sources(package)}
    assert not names & {"utils", "util", "common", "helpers", "misc"}
