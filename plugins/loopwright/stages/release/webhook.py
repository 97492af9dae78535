"""A signed webhook: JSON by POST, with a digest that only who knows the secret can make.

The receiver computes HMAC-SHA256 over the header ``X-Loopwright-Timestamp``, a dot and the body, compares it with
``X-Loopwright-Signature`` (``sha256=…``), and takes each ``X-Loopwright-Delivery`` for one letter, however often it
comes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from loopwright.errors import CannotRun

if TYPE_CHECKING:
    from loopwright.declaration.release import Target

TIMEOUT = 10.0
"""Seconds for which a receiver may take its time: a release does not wait longer for anybody."""


def send(target: Target, content: Mapping[str, Any], *, now: float | None = None) -> None:
    """Post a letter, and make sure that it was taken.

    :param target: where to, and the name of the secret's environment variable.
    :param content: plain JSON values; ``model`` and ``sequence`` name the letter.
    :param now: seconds since 1970, when it is not now.
    :raises CannotRun: if the secret is not there, the receiver is not, or does not answer with 2xx.
    """
    secret = os.environ.get(target.secret_env or "")
    if not secret:
        raise CannotRun(
            "The secret that signs the webhook is not set here.",
            where=f"release.tell: {target.name}",
            mend=f"Set the environment variable {target.secret_env} where the loop runs.",
        )
    body = json.dumps(content, sort_keys=True).encode()
    stamp = str(int(now or time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Loopwright-Timestamp": stamp,
        "X-Loopwright-Delivery": f"{content['model']}/{content['sequence']}",
        "X-Loopwright-Signature": f"sha256={signature(secret, stamp, body)}",
    }
    request = urllib.request.Request(str(target.webhook), body, headers, method="POST")  # noqa: S310 - http(s) is checked
    try:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    except (OSError, HTTPException) as error:
        raise CannotRun("The receiver cannot be reached.", where=target.webhook, got=str(error)) from error
    if not 200 <= status < 300:
        raise CannotRun("The receiver did not take it.", where=target.webhook, got=f"status {status}", allowed="2xx")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return what a receiver compares the header's digest with.

    :param secret: that both know.
    :param timestamp: the header's.
    :param body: as it was sent.
    :return: 64 hexadecimal digits.
    """
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class _Unredirected(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: a letter goes where it was declared to go."""

    def redirect_request(self, *_: Any) -> None:
        """Return no other request."""


_opener = urllib.request.build_opener(_Unredirected)
