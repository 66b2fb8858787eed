"""`farm push` and `farm pull` work with a server of our own that speaks the hub's HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.manifests.hub.conftest import hub

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call
    from tests.manifests.hub.hub_server import Hub

__all__ = ["hub"]
# Without Xet the library passes a deprecated argument to its HTTP client.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
URL = "hf://datasets/owner/set"


@pytest.mark.slow
def test_a_dataset_is_put_fetched_and_audited(call: Call, hub: Hub, sound: Path, tmp_path: Path) -> None:
    said = call("push", sound, URL).stdout
    assert f"put into {URL}, 0 were there; " in said
    assert "files of plan/ and ledger/ stay here" in said
    assert "0 files (0 bytes) put into" in call("push", sound, URL).stdout
    out = tmp_path / "out"
    assert f"of commit {hub.commit[:8]} fetched into {out}, 0 were there" in call("pull", URL, out).stdout
    assert call("audit", out).exit_code == 0


def test_a_url_that_is_none_is_refused_with_the_right_form(call: Call, sound: Path, tmp_path: Path) -> None:
    for words in (("push", sound, "s3://bucket/set"), ("pull", "hf://models/owner/set", tmp_path / "out")):
        result = call(*words)
        assert result.exit_code == 2
        assert "give hf://datasets/OWNER/NAME[@REVISION][/PREFIX]" in result.output
