"""Cuts out of a JSON Schema the parts that apply to one document: names, types and required fields only.

So a deployment file can be checked against its reader's schema where the schema itself, megabytes that belong
to other projects, is not at hand.
"""

from __future__ import annotations

import re
from typing import Any

import jsonschema


class Excerpt:
    """Cuts excerpts out of one schema.

    Args:
        root: The whole schema, in which its references are looked up.
    """

    def __init__(self, root: Any) -> None:
        self._root = root

    def of(self, schema: Any, part: Any) -> dict[str, Any]:
        """Return what the schema says about this part of a document; a field that it lacks is refused.

        Raises:
            KeyError: naming a field that the schema does not have.
            StopIteration: if none of several alternatives accepts the part.
        """
        if "$ref" in schema:
            return self.of(self._referred(schema["$ref"]), part)
        if schema.get("x-kubernetes-int-or-string"):
            return {"type": ["integer", "string"]}
        if alternatives := schema.get("oneOf", schema.get("anyOf")):
            return self.of(next(one for one in alternatives if self._accepts(one, part)), part)
        kept: dict[str, Any] = {name: schema[name] for name in ("type", "enum") if name in schema}
        if isinstance(part, dict) and schema.keys() & {
            "properties",
            "patternProperties",
            "additionalProperties",
        }:
            return kept | self._object(schema, part)
        if isinstance(part, list) and part and "items" in schema:
            return kept | {"items": self._merged(schema["items"], part)}
        return kept

    def _object(self, schema: Any, part: dict[str, Any]) -> dict[str, Any]:
        named = schema.get("properties", {})
        patterned = schema.get("patternProperties", {})
        fields: dict[str, Any] = {}
        patterns: dict[str, Any] = {}
        others: Any = False
        for name, value in part.items():
            pattern = next((one for one in patterned if re.search(one, name)), None)
            if name in named:
                fields[name] = self.of(named[name], value)
            elif pattern is not None:
                patterns[pattern] = merged(patterns.get(pattern, {}), self.of(patterned[pattern], value))
            elif isinstance(schema.get("additionalProperties"), dict):
                others = merged(others or {}, self.of(schema["additionalProperties"], value))
            else:
                raise KeyError(name)
        parts = {"required": schema.get("required"), "properties": fields, "patternProperties": patterns}
        return {name: kept for name, kept in parts.items() if kept} | {"additionalProperties": others}

    def _merged(self, schema: Any, parts: list[Any]) -> dict[str, Any]:
        together: dict[str, Any] = {}
        for part in parts:
            together = merged(together, self.of(schema, part))
        return together

    def _referred(self, reference: str) -> Any:
        found = self._root
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
        return found

    def _accepts(self, schema: Any, part: Any) -> bool:
        whole = {
            name: value for name, value in self._root.items() if name in ("definitions", "$defs")
        } | schema
        return jsonschema.Draft7Validator(whole).is_valid(part)


def merged(one: Any, other: Any) -> Any:
    """Merge two excerpts of the same schema into one; where they differ, either is accepted."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    both = one | {name: merged(one[name], part) if name in one else part for name, part in other.items()}
    types = {
        str(excerpt["type"]): excerpt["type"]
        for excerpt in (one, other)
        if isinstance(excerpt.get("type"), str)
    }
    if len(types) > 1:
        both["type"] = sorted(types)
    return both
