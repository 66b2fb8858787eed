"""Make croissant.json (MLCommons Croissant 1.0): every manifest table with its hash and its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from manifests.ledger.tables import MANIFEST_TABLES, TABLES

if TYPE_CHECKING:
    from manifests.ledger.tables import ManifestColumn
    from manifests.snapshot.reader import Manifest

_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_KEYS: Final = {"games": "game_id", "rejects": "game_id", "chunks": "file_number", "files": "key"}


def croissant(manifest: Manifest, description: str) -> dict[str, Any]:
    """Make the whole document, without columns that hold lists, for which Croissant 1.0 has no type."""
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": "dolphin-farm",
        "description": description,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "license": "https://schema.org/CreativeWork",
        "url": "./",
        "version": f"1.0.{manifest.snapshot.number}",
        "distribution": [_file(manifest, name) for name in MANIFEST_TABLES],
        "recordSet": [_record_set(name) for name in MANIFEST_TABLES],
    }


def _file(manifest: Manifest, name: str) -> dict[str, Any]:
    ref = manifest.snapshot.tables[name].object
    return {
        "@type": "cr:FileObject",
        "@id": f"{name}.parquet",
        "name": f"{name}.parquet",
        "contentUrl": ref.key,
        "contentSize": f"{ref.size_bytes} B",
        "encodingFormat": "application/x-parquet",
        "sha256": ref.sha256,
    }


def _record_set(name: str) -> dict[str, Any]:
    kinds = ((column, _data_type(column.type)) for column in TABLES[name])
    record_set = {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "field": [_field(name, column, kind) for column, kind in kinds if kind is not None],
    }
    return {**record_set, "key": {"@id": f"{name}/{_KEYS[name]}"}} if name in _KEYS else record_set


def _field(table: str, column: ManifestColumn, data_type: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{table}/{column.name}",
        "name": column.name,
        "description": column.doc,
        "dataType": data_type,
        "source": {"fileObject": {"@id": f"{table}.parquet"}, "extract": {"column": column.name}},
    }


def _data_type(kind: pa.DataType) -> str | None:
    if pa.types.is_string(kind):
        return "sc:Text"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Boolean" if pa.types.is_boolean(kind) else None
