"""The errors of the media store, each with a stable code and a sentence for people."""

from __future__ import annotations


class BlobError(Exception):
    code = "blob_error"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Empty(BlobError):
    """The sender's fault: there was nothing in the file."""

    code = "empty"


class TooLarge(BlobError):
    """The sender's fault: more bytes than the limit."""

    code = "too_large"


class StorageFull(BlobError):
    """Ours: the store took no more. Nothing was kept."""

    code = "storage_full"


class StoreUnavailable(BlobError):
    """Ours: the store does not answer, or refuses us. The same works once it is back. What exactly
    went wrong stands in the log, for it may name a host or a bucket."""

    code = "store_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The media store does not answer now. Nothing was lost; it is tried again."
        )


class Gone(BlobError):
    """The bytes went away between storing and registering: store them again."""

    code = "gone"


class Damaged(BlobError):
    """What is stored is not what was stored; `fault` is one of `models.Damage`."""

    code = "blob_damaged"

    def __init__(self, sha256: str, fault: str) -> None:
        problem = {
            "missing": "is not in the store any more",
            "size": "has another size than it was stored with",
            "hash": "has other content than it was stored with",
            "unreadable": "cannot be read from its disk any more",
        }[fault]
        super().__init__(f"The stored file {sha256[:12]}… {problem}. It was not used.")
        self.sha256, self.fault = sha256, fault
