"""A batch too large for memory: read, cleaned and staged in pieces, judged where it is staged, published from there.

What must stay true: what comes of it is what would come of the whole in memory, to the digest. Where a piece cannot
tell what the whole would be, :class:`NotInPieces` says why, and the batch is looked at whole.
"""

from __future__ import annotations


class NotInPieces(Exception):
    """Something that only the whole batch can tell: no fault, but the reason why it is held in memory."""
