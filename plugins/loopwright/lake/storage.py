"""Where plain files lie, arrivals and reports: anywhere fsspec reaches, with the options that the lake's library takes.

The workspace carries one set of storage options, in the names that ``deltalake`` knows (``AWS_ENDPOINT_URL``).
fsspec's file systems want other names, and the local one wants none, so they are translated here and nowhere else.
Light, because triggers ask for it: no table library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from loopwright.errors import CannotRun, MissingExtra, shown

_S3 = ("s3", "s3a")
_S3_NAMES = {
    "aws_access_key_id": "key",
    "aws_secret_access_key": "secret",
    "aws_session_token": "token",
    "aws_endpoint_url": "endpoint_url",
    "aws_profile": "profile",
}


def opened(url: str, storage_options: Mapping[str, str] | None = None) -> tuple[Any, str]:
    """Return the file system that a path or glob belongs to, and the path as it names it.

    :param url: a local path, or a URL such as ``s3://bucket/flights/*.parquet``.
    :param storage_options: as ``deltalake`` or as fsspec names them.
    :raises MissingExtra: if the library for this kind of URL is not installed.
    :raises CannotRun: if the place cannot be addressed at all.
    """
    protocol = url.partition("://")[0] if "://" in url else "file"
    try:
        return fsspec.core.url_to_fs(url, **_options_for(protocol, storage_options or {}))  # type: ignore[no-any-return]
    except ImportError as error:
        raise MissingExtra(
            f"Reading {protocol}:// needs a library that is not installed.",
            where=shown(url),
            got=error,
            mend="For s3:// install loopwright[s3]; for others the fsspec library of that storage.",
        ) from error
    except ValueError as error:
        raise CannotRun(
            "This storage cannot be addressed.",
            where=shown(url),
            got=error,
            mend="Name a local path or a URL that fsspec knows, such as s3://bucket/folder.",
        ) from error


def is_local(filesystem: Any) -> bool:
    """Tell whether a file system is this machine's own."""
    return isinstance(filesystem, LocalFileSystem)


def _options_for(protocol: str, options: Mapping[str, str]) -> dict[str, Any]:
    if protocol in ("file", "local"):
        return {}
    own = {name: value for name, value in options.items() if not name.lower().startswith("aws_")}
    if protocol not in _S3:
        return own
    aws = {name.lower(): value for name, value in options.items() if name.lower().startswith("aws_")}
    translated: dict[str, Any] = {_S3_NAMES[name]: value for name, value in aws.items() if name in _S3_NAMES}
    region = aws.get("aws_region") or aws.get("aws_default_region")
    client = {"client_kwargs": {"region_name": region}} if region else {}
    return {**client, **translated, **own}
