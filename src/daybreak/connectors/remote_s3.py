"""Files in S3 and in stores that speak its language, over s3fs: one stream for each file.

A file appears whole there, and is never changed in place: a range is asked for under the condition
that it is still the same one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from .remote import BLOCK_BYTES, Look, Reading
from .remote_fsspec import FileSystem, FsspecFiles
from .remote_url import Address

_DENIED: Final = {"403", "AccessDenied"}
_MD5: Final = re.compile(r'"?([0-9a-f]{32})"?')
_SUMS: Final = {"ChecksumSHA256": "sha256", "ChecksumSHA1": "sha1"}


class S3Files(FsspecFiles):
    """The files of S3.

    Args:
        address: Any URL there; its options are those of s3fs: `key`, `secret`, `endpoint_url`, ...
            Without them credentials are found as the AWS tools find them.
    """

    def __init__(self, address: Address) -> None:
        super().__init__(lambda: _connected(address))

    def look(self, path: str) -> Look:
        """Return what the store says of a file now."""
        bucket, key, version = self.system.split_path(path)
        asked = {"Bucket": bucket, "Key": key, "ChecksumMode": "ENABLED"}
        if version:
            asked["VersionId"] = version
        return _look(self.system.call_s3("head_object", **asked), bucket)

    @contextmanager
    def reading(self, path: str, start: int, then: Look | None) -> Iterator[Reading]:
        """Read a file from `start` on if it is provably as it was `then`, else from its start."""
        look = self.look(path)
        begins = start if then is not None and look.is_surely(then) else 0
        bucket, key, version = self.system.split_path(path)
        asked: dict[str, Any] = {"Bucket": bucket, "Key": key, "IfMatch": look.version}
        if version:
            asked["VersionId"] = version
        if begins:
            asked["Range"] = f"bytes={begins}-"
        body = self.system.call_s3("get_object", **asked)["Body"]
        try:
            yield Reading(begins, look, self._blocks(body))
        finally:
            body.close()

    def _blocks(self, body: Any) -> Iterator[bytes]:
        from fsspec.asyn import sync  # type: ignore[import-untyped] # noqa: PLC0415 - heavy

        while block := sync(self.system.loop, body.read, BLOCK_BYTES):
            yield block


def _connected(address: Address) -> FileSystem:
    from s3fs import S3FileSystem  # noqa: PLC0415 - heavy, and needs an extra

    return S3FileSystem(**address.options, use_listings_cache=False, skip_instance_cache=True)


def _look(told: Mapping[str, Any], bucket: str) -> Look:
    return Look(
        size=int(told["ContentLength"]),
        version=told["ETag"],
        modified_at=told["LastModified"].timestamp(),
        sums=_sums(told, bucket),
        can_grow=False,
    )


def _sums(told: Mapping[str, Any], bucket: str) -> dict[str, str]:
    """Return checksums over the whole file; those of parts, or of what is encrypted, are none.

    An ETag is the MD5 of a file that was put in one piece and is not encrypted by a key of its own.
    """
    found = {}
    if told.get("ChecksumType") != "COMPOSITE":
        for name, algorithm in _SUMS.items():
            if (packed := told.get(name, "")) and "-" not in packed:
                found[algorithm] = base64.b64decode(packed).hex()
    is_plain = told.get("ServerSideEncryption", "AES256") == "AES256"
    has_own_key = "SSECustomerAlgorithm" in told or bucket.endswith("--x-s3")
    if (tag := _MD5.fullmatch(told["ETag"])) and is_plain and not has_own_key:
        found["md5"] = tag[1]
    return found
