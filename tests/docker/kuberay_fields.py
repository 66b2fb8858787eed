"""What of KubeRay's schema our job uses: the names, types and required fields, and nothing else of it.

The whole schema is 1.4 MB of the KubeRay project's (Apache-2.0) and not in here. After a change of the job's
fields, or for another version of KubeRay, write `kuberay_fields.json` anew from a copy of it:

    python tests/docker/kuberay_fields.py v1.7.0 ray-operator/config/crd/bases/ray.io_rayjobs.yaml
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import yaml

RECORD = Path(__file__).with_name("kuberay_fields.json")
JOB = Path(__file__).resolve().parents[2] / "docker" / "kuberay-rayjob.yaml"


def schema_of(definition: Path) -> Any:
    """KubeRay's schema of a RayJob, of `v1`, out of its custom resource definition."""
    loaded = yaml.load(definition.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe, and the fast one
    [version] = [one for one in loaded["spec"]["versions"] if one["name"] == "v1"]
    schema = version["schema"]["openAPIV3Schema"]
    schema["properties"]["metadata"] = {
        "type": "object",
        "properties": {"name": {"type": "string"}},
    }  # Kubernetes' own
    return schema


def used(schema: Any, part: Any) -> dict[str, Any]:
    """Of the schema, what says something about this part of a document; all other fields are refused.

    Raises:
        KeyError: naming a field that the schema does not have.
    """
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    kept: dict[str, Any] = {name: schema[name] for name in ("type", "enum") if name in schema}
    if isinstance(part, dict):
        if values := schema.get("additionalProperties"):
            samples = [used(values, value) for value in part.values()]
            assert samples.count(samples[0]) == len(samples), "values of a map are of one kind"
            return kept | {"additionalProperties": samples[0]}
        fields = {name: used(schema["properties"][name], value) for name, value in part.items()}
        required = {"required": schema["required"]} if "required" in schema else {}
        return kept | required | {"properties": fields, "additionalProperties": False}
    if isinstance(part, list):
        merged: dict[str, Any] = {}
        for one in part:
            merged = merge(merged, used(schema["items"], one))
        return kept | {"items": merged}
    return kept


def merge(one: Any, other: Any) -> Any:
    """Two excerpts of the same schema as one."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one | {name: merge(one.get(name), part) for name, part in other.items()}
    return other


def record(version: str, definition: Path) -> dict[str, Any]:
    """What is to be in RECORD."""
    return {
        "source": "https://github.com/ray-project/kuberay, ray-operator/config/crd/bases/ray.io_rayjobs.yaml",
        "licence": "Apache-2.0",
        "version": version,
        "sha256": hashlib.sha256(definition.read_bytes()).hexdigest(),
        "fields": used(schema_of(definition), yaml.safe_load(JOB.read_text())),
    }


if __name__ == "__main__":
    RECORD.write_text(json.dumps(record(sys.argv[1], Path(sys.argv[2])), indent=1) + "\n")
