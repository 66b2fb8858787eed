"""Extracts from the schemas of KubeRay and Compose the fields that our two deployment files use.

The schemas belong to other projects (Apache-2.0, KubeRay's is 1.4 MB) and are not in this repository.
`kuberay_fields.json` and `compose_fields.json` have the names, types and required fields of what we use.
After a change of the deployment files' fields, or for another version of a schema, write these two anew:

    python tests/docker/reader_fields.py kuberay v1.7.0 ray-operator/config/crd/bases/ray.io_rayjobs.yaml
    python tests/docker/reader_fields.py compose 170098b schema/compose-spec.json
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from schema_excerpt import Excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
DOCKER = HERE.parents[1] / "docker"


@dataclass(frozen=True)
class Reader:
    """A program that reads one of our deployment files, and the schema by which it does.

    Attributes:
        file: Name of our file, in docker/.
        record: Name of the file with the fields that we keep of the schema.
        variable: Environment variable that names a copy of the whole schema.
        source: Where the schema is.
        parse: Returns the schema, given the text of that copy.
    """

    file: str
    record: str
    variable: str
    source: str
    parse: Callable[[str], Any]

    @property
    def document(self) -> Any:
        return yaml.safe_load((DOCKER / self.file).read_text())

    @property
    def known(self) -> Any:
        return json.loads((HERE / self.record).read_text())

    def schema(self, copy: Path) -> Any:
        """The whole schema, from a copy of it."""
        return self.parse(copy.read_text())

    def taken(self, version: str, copy: Path) -> dict[str, Any]:
        """What the record has to contain for this version of the schema."""
        schema = self.schema(copy)
        digest = hashlib.sha256(copy.read_bytes()).hexdigest()
        fields = Excerpt(schema).of(schema, self.document)
        about = {"source": self.source, "licence": "Apache-2.0", "version": version, "sha256": digest}
        return about | {"fields": fields}


def _of_a_job(text: str) -> Any:
    definition = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe, and the fast one
    [version] = [one for one in definition["spec"]["versions"] if one["name"] == "v1"]
    schema = version["schema"]["openAPIV3Schema"]
    name_only = {"type": "object", "properties": {"name": {"type": "string"}}}
    schema["properties"]["metadata"] = name_only  # Kubernetes' own, not in KubeRay's schema
    return schema


READERS = {
    "kuberay": Reader(
        "kuberay-rayjob.yaml",
        "kuberay_fields.json",
        "KUBERAY_CRD",
        "https://github.com/ray-project/kuberay, ray-operator/config/crd/bases/ray.io_rayjobs.yaml",
        _of_a_job,
    ),
    "compose": Reader(
        "compose.yaml",
        "compose_fields.json",
        "COMPOSE_SCHEMA",
        "https://github.com/compose-spec/compose-spec, schema/compose-spec.json",
        json.loads,
    ),
}


if __name__ == "__main__":
    reader = READERS[sys.argv[1]]
    record = json.dumps(reader.taken(sys.argv[2], Path(sys.argv[3])), indent=1)
    (HERE / reader.record).write_text(record + "\n")
