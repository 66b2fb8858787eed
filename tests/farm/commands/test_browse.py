"""`farm browse` serves until Ctrl-C, and refuses in one line what it cannot do."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from farm.commands import browse as browse_command
from manifests.errors import DatasetError
from tests.manifests.small_dataset import NUM_GAMES
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

    import uvicorn

    from tests.farm.commands.conftest import Call

# A program in the background of a script inherits that it ignores interrupts.
HEED_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


@pytest.mark.slow
def test_it_says_where_it_is_serves_the_pages_and_ends_at_ctrl_c(sound: Path):
    code = f"{HEED_INTERRUPTS}; from farm.cli import main; main()"
    command = [sys.executable, "-c", code, "browse", str(sound), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        giving_up = threading.Timer(60, server.kill)
        giving_up.start()
        try:
            assert server.stderr is not None
            said = server.stderr.readline()
            url = said.split()[0]
            assert said == f"{url}  shows {sound}; Ctrl-C ends it\n"
            with urllib.request.urlopen(f"{url}index.json", timeout=20) as answer:  # noqa: S310 - http
                assert json.load(answer)["games"] == NUM_GAMES
            server.send_signal(signal.SIGINT)
            _, last_said = server.communicate()
        finally:
            giving_up.cancel()
            server.kill()
    assert (server.returncode, last_said) == (0, "stopped\n")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)  # noqa: S310 - http


def test_a_port_that_is_taken_fails_in_one_line(call: Call, sound: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EnvironmentFailed, match=rf"127.0.0.1 port {port}: .*; give another --port"):
            call("browse", sound, "--port", port)


def test_an_address_that_is_not_this_machines_fails_in_one_line(call: Call, sound: Path):
    with pytest.raises(EnvironmentFailed, match=r"cannot listen on 203\.0\.113\.5 port 0"):
        call("browse", sound, "--host", "203.0.113.5", "--port", 0)


@pytest.mark.parametrize("host", ["my-machine", "127.0.0.256", ""])
def test_a_host_that_is_no_address_fails_with_what_is(call: Call, sound: Path, host: str):
    result = call("browse", sound, "--host", host)
    assert result.exit_code == 2
    assert "is no IP address; give one of this machine's" in result.output


@pytest.mark.parametrize(
    ("host", "other"),
    [("127.0.0.1", None), ("::1", None), ("192.0.2.7", "192.0.2.7"), ("2001:db8::7", "[2001:db8::7]")],
)
def test_it_answers_to_loopback_and_to_the_address_it_listens_on(host: str, other: str | None):
    names = browse_command._names(host)
    assert {"127.0.0.1", "localhost", "[::1]"} <= set(names)
    assert set(names) - {"127.0.0.1", "localhost", "[::1]"} == ({other} if other else set())


@pytest.mark.parametrize(
    ("host", "address"), [("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("::1", "::1")]
)
def test_loopback_by_any_of_its_names_is_what_it_listens_on(
    call: Call, sound: Path, host: str, address: str, monkeypatch: pytest.MonkeyPatch
):
    heard: list[tuple[str, str]] = []

    def is_listening(server: uvicorn.Server, sockets: list[socket.socket]) -> None:
        for each in sockets:
            heard.append((each.getsockname()[0], each.family.name))
            each.close()

    monkeypatch.setattr("uvicorn.Server.run", is_listening)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, 0), family=family).close()
    except OSError:
        pytest.skip(f"this machine has no {address}")
    assert call("browse", sound, "--host", host, "--port", 0).exit_code == 0
    assert heard == [(address, family.name)]


@pytest.mark.slow
def test_an_address_for_others_is_warned_of_and_needs_its_token(sound: Path):
    command = [sys.executable, "-c", "from farm.cli import main; main()"]
    command += ["browse", str(sound), "--port", "0", "--host", "0.0.0.0"]  # noqa: S104 - what is tested
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        giving_up = threading.Timer(60, server.kill)
        giving_up.start()
        try:
            assert server.stderr is not None
            assert server.stderr.readline().startswith("Warning: every machine that reaches this one")
            url = server.stderr.readline().split()[0]
            asked = urlsplit(url)
            assert asked.hostname == socket.gethostname().lower()
            for name in ("127.0.0.1", "127.0.0.2"):  # both addresses reach a server that listens on all
                bare = f"http://{name}:{asked.port}/"
                with pytest.raises(urllib.error.HTTPError, match="403"):
                    urllib.request.urlopen(f"{bare}index.json", timeout=20)  # noqa: S310 - http
                opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
                with opener.open(f"{bare}?{asked.query}", timeout=20) as answer:
                    assert answer.url == bare
                with opener.open(f"{bare}index.json", timeout=20) as answer:
                    assert json.load(answer)["games"] == NUM_GAMES
        finally:
            giving_up.cancel()
            server.kill()


@pytest.mark.parametrize("wrong", [("--files", "x/"), ("--where", "true"), ("--limit", "3")])
def test_what_goes_with_an_export_is_refused_without(call: Call, sound: Path, wrong: tuple[str, str]):
    result = call("browse", sound, *wrong)
    assert result.exit_code == 2
    assert "--files, --where and --limit go with --export" in result.output


@pytest.mark.slow
def test_an_export_says_where_its_first_page_is_and_where_videos_come_from(
    call: Call, sound: Path, tmp_path: Path
):
    result = call("browse", sound, "--export", tmp_path / "pages", "--limit", 1, "--files", "../set")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{tmp_path / 'pages' / 'index.html'}: 1 game; videos are fetched from ../set/\n"
    assert (tmp_path / "pages" / "index.html").exists()


def test_an_export_into_what_is_no_folder_fails_in_one_line(call: Call, sound: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    result = call("browse", sound, "--export", tmp_path / "file" / "below")
    assert result.exit_code == 1
    assert "cannot write" in result.output
    assert "Not a directory" in result.output


def test_what_is_no_dataset_fails(call: Call, tmp_path: Path):
    with pytest.raises(DatasetError):
        call("browse", tmp_path, "--port", 0)
