"""What delta-rs and the file system complain of, said as what to mend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from deltalake.exceptions import CommitFailedError, DeltaError

from loopwright.errors import LakeUnavailable, shown

_MENDS = {
    "no space left": "Free space on the lake's disk, then run again: what was not committed cannot be seen.",
    "quota": "Free space on the lake's disk, then run again: what was not committed cannot be seen.",
    "file too large": "Free space on the lake's disk, then run again: what was not committed cannot be seen.",
    "permission denied": "Give this user read and write access to the lake's folder.",
    "read-only": "Make the lake's folder writable, or set LOOPWRIGHT_LAKE to another place.",
    "accessdenied": "Give these credentials read and write access to the bucket.",
    "credential": "Say who you are: in Airflow by the lake connection's aws_conn_id, else by AWS_PROFILE, or "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    "nosuchbucket": "Make the bucket, or set LOOPWRIGHT_LAKE to another place.",
}
_S3 = ("botocore.", "aiobotocore.")
"""Libraries whose errors are of no kind that can be named without importing them."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_ANY_MEND = "Look whether the lake's folder or object store can be reached from here, then run again."


@contextmanager
def said_plainly(where: str) -> Iterator[None]:
    """Turn the storage's errors into :class:`LakeUnavailable`; a lost commit passes, for it is run again.

    :param where: the table or file, for the error.
    """
    try:
        yield
    except CommitFailedError:
        raise
    except Exception as error:
        if isinstance(error, DeltaError | OSError) or type(error).__module__.startswith(_S3):
            raise unavailable(where, error) from error
        raise


def unavailable(where: str, error: Exception) -> LakeUnavailable:
    """Return the error that says what to mend."""
    said = " ".join(_COLOURS.sub("", str(error)).replace("↳", ":").split()).replace(" : ", ": ")
    mend = next((mend for sign, mend in _MENDS.items() if sign in said.lower()), _ANY_MEND)
    return LakeUnavailable("The lake could not be read or written.", where=where, got=shown(said), mend=mend)
