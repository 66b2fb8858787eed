"""The files that describe clusters fit their readers' schemas, pin every image, and hold no secret."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extra `dev`")

DOCKER = Path(__file__).resolve().parents[2] / "docker"
CLUSTERS = ["cluster.yaml", "cluster-local.yaml"]
SPOKEN_OF = [*CLUSTERS, "compose.yaml", "kuberay-rayjob.yaml"]
PINNED = re.compile(r"(:v?\d+(\.\d+)+(-[a-z]+)?|:bookworm-\d{8}-slim)(@sha256:[0-9a-f]{64})?$")


def loaded(name: str) -> Any:
    return yaml.safe_load((DOCKER / name).read_text())


@pytest.mark.ray
@pytest.mark.parametrize("name", CLUSTERS)
def test_ray_accepts_the_cluster_file(name: str):
    from ray.autoscaler._private.util import prepare_config, validate_config  # noqa: PLC0415 - only where Ray is

    validate_config(prepare_config(loaded(name)))


@pytest.mark.ray
def test_ray_refuses_a_cluster_file_with_a_key_it_does_not_know():
    from ray.autoscaler._private.util import prepare_config, validate_config  # noqa: PLC0415

    config = prepare_config(loaded("cluster.yaml") | {"max_wokers": 3})
    with pytest.raises(Exception, match="max_wokers"):  # jsonschema's error, which Ray does not catch
        validate_config(config)


@pytest.fixture
def readers() -> dict[str, Any]:
    pytest.importorskip("jsonschema", reason="jsonschema comes with Ray: make extras-ray")
    from reader_fields import READERS  # noqa: PLC0415 - only where that is

    return READERS


def refusal(document: Any, schema: Any) -> str:
    """Why the document is refused; empty if it is not."""
    from jsonschema import Draft7Validator  # noqa: PLC0415 - only where it is

    return "; ".join(error.message for error in Draft7Validator(schema).iter_errors(document))


@pytest.mark.parametrize("reader", ["kuberay", "compose"])
def test_who_reads_a_file_knows_all_its_fields(readers: dict[str, Any], reader: str):
    assert refusal(readers[reader].document, readers[reader].known["fields"]) == ""


@pytest.mark.parametrize(
    ("reader", "path", "value", "expected"),
    [
        ("kuberay", "spec.rayClusterSpec.workerGroupSpecs.0.maxReplica", 1, "maxReplica"),
        ("kuberay", "spec.rayClusterSpec.workerGroupSpecs.0.template.spec.selector", {}, "selector"),
        ("kuberay", "spec.backoffLimit", "3", "is not of type 'integer'"),
        ("kuberay", "spec.rayClusterSpec.authOptions.mode", "tokens", "is not one of"),
        ("kuberay", "spec.rayClusterSpec", {}, "'headGroupSpec' is a required property"),
        ("compose", "service", {}, "service"),
        ("compose", "services.worker.depend_on", ["head"], "depend_on"),
        ("compose", "services.head.ports.0", {"8265": "8265"}, "is not of type 'string'"),
    ],
)
def test_a_field_that_is_wrong_is_noticed(
    readers: dict[str, Any], reader: str, path: str, value: Any, expected: str
):
    document = readers[reader].document
    *above, last = [int(name) if name.isdigit() else name for name in path.split(".")]
    part = document
    for name in above:
        part = part[name]
    part[last] = value
    assert expected in refusal(document, readers[reader].known["fields"])


@pytest.mark.parametrize("reader", ["kuberay", "compose"])
def test_what_is_known_of_a_readers_schema_is_what_it_says(readers: dict[str, Any], reader: str):
    asked = readers[reader]
    if asked.variable not in os.environ:
        pytest.skip(f"no copy of the schema here: set {asked.variable} to one of {asked.source}")
    copy = Path(os.environ[asked.variable])
    assert asked.taken(asked.known["version"], copy) == asked.known
    assert refusal(asked.document, asked.schema(copy)) == ""


@pytest.mark.ray
def test_the_job_names_the_version_of_ray_in_the_image():
    [pinned] = re.findall(r"^ray==(\S+)", (DOCKER / "worker.lock").read_text(), re.MULTILINE)
    assert loaded("kuberay-rayjob.yaml")["spec"]["rayClusterSpec"]["rayVersion"] == pinned
    assert f'farm = ["ray[default]=={pinned}"]' in (DOCKER.parent / "pyproject.toml").read_text()


DRAIN = (
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"  # how long a node that is told to stop may go on with its games
)


def test_a_pod_may_drain_and_clean_up_before_it_is_killed():
    [group] = loaded("kuberay-rayjob.yaml")["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    pod = group["template"]["spec"]
    [drain] = [one["value"] for one in pod["containers"][0]["env"] if one["name"] == DRAIN]
    assert 60 <= float(drain) <= pod["terminationGracePeriodSeconds"] - 5


def test_a_worker_of_the_laptops_cluster_may_drain_before_it_is_killed():
    worker = loaded("compose.yaml")["services"]["worker"]
    assert 0 < worker["environment"][DRAIN] <= float(worker["stop_grace_period"].removesuffix("s")) - 5
    assert worker["environment"]["RAY_AUTH_MODE"] == "token"


def test_only_ray_itself_is_told_to_stop_so_that_a_container_drains():
    [entrypoint] = re.findall(r"^ENTRYPOINT (.*)$", (DOCKER / "worker.Dockerfile").read_text(), re.MULTILINE)
    assert entrypoint == '["/usr/bin/tini", "--", "/usr/local/bin/farm-entrypoint"]'  # no -g


def images(part: Any) -> set[str]:
    """Every value of a key `image` in a document."""
    if isinstance(part, dict):
        here = {part["image"]} if isinstance(part.get("image"), str) else set()
        return here.union(*(images(value) for value in part.values()))
    return set().union(*(images(value) for value in part)) if isinstance(part, list) else set()


@pytest.mark.parametrize("name", ["cluster.yaml", "compose.yaml", "kuberay-rayjob.yaml"])
def test_every_image_is_pinned(name: str):
    found = images(loaded(name))
    assert found
    assert {image for image in found if not PINNED.search(image)} == set()


@pytest.mark.parametrize("name", ["worker.Dockerfile", "s3/Dockerfile"])
def test_every_base_is_pinned(name: str):
    text = (DOCKER / name).read_text()
    [base] = re.findall(r"^ARG BASE=(\S+)", text, re.MULTILINE)
    assert PINNED.search(base)
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", text, re.MULTILINE))
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) - stages == {"${BASE}"}


@pytest.mark.parametrize("name", SPOKEN_OF)
def test_authentication_is_by_token_and_said_so(name: str):
    text = (DOCKER / name).read_text()
    assert re.search(r"RAY_AUTH_MODE[=:] ?token|authOptions:\n\s+mode: token", text)
    assert "disabled" not in text


def test_every_start_of_ray_in_a_cluster_file_says_how_it_authenticates():
    for name in CLUSTERS:
        config = loaded(name)
        starts = [*config["head_start_ray_commands"], *config["worker_start_ray_commands"]]
        assert {
            line for line in starts if "ray start" in line and "RAY_AUTH_MODE=token ray start" not in line
        } == set()


def test_the_image_gets_no_game_and_no_replay():
    ignored = (DOCKER.parent / ".dockerignore").read_text().split()
    assert ignored[0] == "*"  # ignore every file that is not named
    assert {"**/*.iso", "**/*.gcm", "**/*.slp"} <= set(ignored)
    copied = re.findall(
        r"^COPY (?!--from)(.*) \S+$", (DOCKER / "worker.Dockerfile").read_text(), re.MULTILINE
    )
    allowed = {name.removeprefix("!") for name in ignored if name.startswith("!")}
    assert {source for line in copied for source in line.split()} - allowed == {"docker/"} - {"docker/"}


def test_no_secret_lies_in_a_file():
    for name in SPOKEN_OF:
        text = (DOCKER / name).read_text()
        assert not re.search(r"AKIA[0-9A-Z]{16}|[0-9a-f]{64}", text)


@pytest.mark.ray
def test_ray_submit_takes_no_flag_of_ours_for_itself():
    from ray.scripts.scripts import submit  # noqa: PLC0415

    from farm.launch import command  # noqa: PLC0415

    rays, ours = (
        {flag for option in asked.params for flag in (*option.opts, *option.secondary_opts) if flag[0] == "-"}
        for asked in (submit, command)
    )
    assert "--start" in rays
    assert "--games" in ours
    assert ours & rays <= {"--help"}  # the program that is asked first answers it


def test_only_spot_machines_have_slots_on_aws():
    types = loaded("cluster.yaml")["available_node_types"]
    assert "dolphin" not in types["head"]["resources"]
    assert types["worker"]["resources"]["dolphin"] > 0
    assert types["worker"]["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}


def commands(name: str) -> list[str]:
    """Every command in a file that starts a run, without its line breaks."""
    lines = re.sub(r"^ *# ?", " ", (DOCKER / name).read_text(), flags=re.MULTILINE)
    whole = re.sub(r"\\?\n +(?=--)", " ", lines)
    return re.findall(r"(?:farm/launch\.py|python -m farm\.launch) (--games .*|--replays .*)", whole)


@pytest.mark.parametrize("name", [*SPOKEN_OF, "README.md"])
def test_a_file_shows_the_real_run_first_and_the_standin_second(name: str):
    from farm.launch import command  # noqa: PLC0415 - it looks for its packages
    from farm.terminal.options import settings_of_run  # noqa: PLC0415

    shown = []
    for line in commands(name):
        if "..." in line or "DIR" in line:
            continue  # a row of a table
        flags = command.make_context("launch.py", line.split()).params
        flags = {key: value for key, value in flags.items() if key not in ("config", "as_json")}
        shown.append(settings_of_run(flags, {}, None, "launch.py").emulator)
    assert shown[:2] == ["slippi", "standin"]


def stages() -> dict[str, str]:
    """The text of each stage of the image, by the stage's name, in their order."""
    text = (DOCKER / "worker.Dockerfile").read_text()
    parts = re.split(r"^FROM \S+ AS (\S+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_image_that_is_built_without_a_target_can_play_slippi():
    assert [*stages()][-1] == "slippi"
    assert "farm-system-packages slippi" in stages()["slippi"]
    assert stages()["slippi"].rstrip().endswith("USER farm")  # so it does not run as root


def asked_for(role: str, *, with_nothing: Path) -> list[str]:
    """The packages that a role asks for on a machine that has none of them, and no package manager."""
    tools = {"sh", "grep"}
    for tool in tools:
        found = shutil.which(tool)
        assert found
        (with_nothing / tool).symlink_to(found)
    asked = (DOCKER / "system-packages").read_text().replace("/sbin/ldconfig", "/nowhere/ldconfig")
    (with_nothing / "script").write_text(asked.replace("/usr/", "/nowhere/").replace(":/nowhere/games", ""))
    ran = subprocess.run(
        [with_nothing / "sh", with_nothing / "script", role],
        env={"PATH": str(with_nothing)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 1
    [missing] = re.findall(r"missing:(.*); no apt-get here", ran.stderr)
    return missing.split()


def test_a_machine_gets_a_display_a_driver_a_font_and_the_programs_libraries(tmp_path: Path):
    packages = asked_for("slippi", with_nothing=tmp_path)
    assert {"xvfb", "libgl1-mesa-dri", "fontconfig", "fonts-dejavu-core", "libgtk-3-0", "libpng16-16"} <= {
        *packages
    }
    assert len(packages) == len({*packages})
