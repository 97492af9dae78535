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
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from loopwright.errors import CannotRun

if TYPE_CHECKING:
    from loopwright.declaration.release import Target

TIMEOUT = 10.0
"""Seconds that a letter may take, all in all: a run does not wait longer for anybody, however slowly it answers."""


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
            got=f"The environment variable {target.secret_env} is not there or empty.",
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
    post = _Post(request)
    post.join(TIMEOUT)
    where = f"release.tell: {target.name}, at {urlsplit(str(target.webhook)).hostname}"
    if post.is_alive():
        raise CannotRun("The receiver took too long.", where=where, allowed=f"an answer within {TIMEOUT:.0f} s")
    if post.failed:
        raise CannotRun("The receiver cannot be reached.", where=where, got=without_url(post.failed, target))
    if not 200 <= post.status < 300:
        raise CannotRun("The receiver did not take it.", where=where, got=f"status {post.status}", allowed="2xx")


def without_url(text: str, target: Target) -> str:
    """Return text without a webhook's address, whose path and query are often its only secret.

    :param text: what somebody else wrote.
    :param target: whose address it is.
    """
    if not target.webhook:
        return text
    parts = urlsplit(target.webhook)
    secrets = (target.webhook, parts._replace(scheme="", netloc="").geturl(), parts.path, parts.query)
    for secret in sorted((secret for secret in secrets if len(secret) > 1), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


class _Post(threading.Thread):
    """One request, in a thread of its own: a socket's timeout is for each read, and a name's look-up has none.

    Who is given up is left to itself: what it still delivers is the same letter under the same name.
    """

    def __init__(self, request: urllib.request.Request) -> None:
        super().__init__(daemon=True)
        self._request, self.status, self.failed = request, 0, ""
        self.start()

    def run(self) -> None:
        """Ask, and keep the status or what was in the way."""
        try:
            with _opener.open(self._request, timeout=TIMEOUT) as answer:
                self.status = answer.status
        except urllib.error.HTTPError as error:
            self.status = error.code
        except Exception as error:  # noqa: BLE001 - nobody else hears of it here, and a traceback would say the address
            self.failed = str(error) or type(error).__name__


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
