"""`farm` names a package that is missing, and says after an interrupt whether the command can go on."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from farm import cli
from farm.cli import EXTRA_OF
from manifests.store.contract import ObjectMissing

WITHOUT = (
    "import sys; sys.modules[{package!r}] = None; from farm.cli import main; "
    "sys.argv[1:] = [{command!r}]; main()"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [("doctor", "av", "render"), ("browse", "duckdb", "browse"), ("games", "duckdb", "browse")],
)
def test_a_missing_package_fails_in_one_line(command: str, package: str, extra: str):
    program = WITHOUT.format(package=package, command=command)
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=240, check=False
    )
    assert result.returncode == 1
    assert result.stderr == (
        f"Error: `farm {command}` needs the package {package}, which is not installed: "
        f"pip install 'dolphin-farm[{extra}]'\n"
    )


def test_every_extra_named_is_one_that_there_is():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert set(EXTRA_OF.values()) <= set(project["optional-dependencies"])


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        ("render", "farm: stopped; run the same command again to go on\n"),
        ("push", "farm: stopped; run the same command again to go on\n"),
        ("status", "farm: stopped\n"),
        ("audit", "farm: stopped\n"),
    ],
)
def test_an_interrupt_says_run_again_only_where_that_goes_on(
    verb: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.farm, "main", interrupted)
    monkeypatch.setattr("sys.argv", ["farm", verb])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == told


def test_what_can_be_gone_on_with_is_a_verb():
    assert {verb for verbs in cli.GROUPS.values() for verb in verbs} >= cli._RESUMABLE


@pytest.mark.slow
@pytest.mark.parametrize("module", ["farm", "farm.cli"])
def test_it_runs_as_a_module_too(module: str):
    command = [sys.executable, "-m", module, "no-such-verb"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert result.returncode == 2
    assert "No such command 'no-such-verb'" in result.stderr


def test_what_a_dataset_has_lost_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def lost(**_: object) -> None:
        message = "videos/file-004.mp4: no such object"
        raise ObjectMissing(message)

    monkeypatch.setattr(cli.farm, "main", lost)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "file-004.mp4: no such object; where a dataset has lost it, `farm audit" in capsys.readouterr().err
