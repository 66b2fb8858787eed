"""The tree of all errors that this package raises on purpose.

    DatasetError
    |-- StoreFailed        (manifests/store/contract.py) the store did not do what was asked
    |   |-- ObjectMissing      ... there is no object with that key
    |   `-- StoreFull          ... no space or quota is left
    |-- SchemaRefused      the place holds no dataset, or one with another schema version
    |-- NotFinalized       there is no snapshot of the manifests yet, or it could not be published
    |-- RecordRefused      one record (a ledger entry, a plan row) does not hold what its schema asks for
    |-- VideoUnreadable    (manifests/video/decoder.py) a video is damaged, or is not a dataset's video
    `-- DecoderMissing     (manifests/video/decoder.py) a decoder is not installed, or cannot do the task

Every message says in one line what was found, what is allowed, and what to do. Arguments that make no sense
raise ValueError, as everywhere in Python.
"""

from __future__ import annotations


class DatasetError(Exception):
    """Base class of all errors that this package raises on purpose; its text is one line for a person."""


class SchemaRefused(DatasetError):  # noqa: N818 - a decision, not a mishap
    """The folder or URL holds no dataset, or a dataset with another schema version."""


class NotFinalized(DatasetError):  # noqa: N818
    """There is no snapshot of the manifests to read, or none could be published."""


class RecordRefused(DatasetError):  # noqa: N818
    """A record was changed after it was written, or a field is missing, unknown or of another type."""
