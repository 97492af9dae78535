"""Arriving: what there is at the source, which of it waits, and its bytes on this machine; rows of a database too."""
