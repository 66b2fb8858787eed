"""Every failure of the reading and storing side, in one tree.

    DatasetError
    |-- StoreFailed        (manifests/store/contract.py) the store did not do what was asked
    |   |-- ObjectMissing      ... there is no object of that key
    |   `-- StoreFull          ... no space or quota is left
    |-- SchemaRefused      what lies there was written under another schema, or by somebody else
    |-- NotFinalized       there is no manifest yet, or it could not be published
    `-- RecordRefused      one record (a ledger entry, a plan row) does not hold what its schema asks for

A message says what was found, what is allowed, and what to do, in one line.
"""

from __future__ import annotations


class DatasetError(Exception):
    """Base of what this package raises on purpose; its text is one line fit for a person."""


class SchemaRefused(DatasetError):  # noqa: N818 - a decision, not a mishap
    """The place holds something else than a dataset of this schema version."""


class NotFinalized(DatasetError):  # noqa: N818
    """There is no snapshot of the manifests to read, or none could be published."""


class RecordRefused(DatasetError):  # noqa: N818
    """A record has a missing, unknown or ill-typed field."""
