"""Names and places of files."""

from __future__ import annotations

import os
from pathlib import Path

from support.corpus.making import (
    GOOD,
    Case,
    link_out,
    link_to,
    twins,
)

CASES: dict[str, Case] = {
    # Names and places.
    "a name that leads out": Case("a..%2f..{day}.csv", "refused", "", GOOD.encode()),
    "a name that begins with a dash": Case("-rf {day}.csv", "refused", "", GOOD.encode()),
    "a name with a line end": Case("x\n{day}.csv", "refused", "", GOOD.encode()),
    "a name with SQL in it": Case("x'; DROP TABLE {day}.csv", "refused", "", GOOD.encode()),
    "a name of 240 letters": Case("n" * 234 + "{day}.csv", "refused", "", GOOD.encode()),
    "a name that runs from right to left": Case("\u202e{day}.csv", "refused", "", GOOD.encode()),
    "two files of one name": Case("{day}.csv", "refused", "", twins),
    "a link that leads out of the folder": Case("{day}.csv", "refused", "", link_out),
    "a link to nowhere": Case("{day}.csv", "ignored", "", link_to("nowhere.csv")),
    "a link to itself": Case("{day}.csv", "ignored", "", lambda path: path.symlink_to(path)),
    "a folder that is called a file": Case("{day}.csv", "ignored", "", Path.mkdir),
    "a pipe that nobody writes to": Case("{day}.csv", "ignored", "", os.mkfifo),
    "a file still being written, by its name": Case("{day}.csv.part", "ignored", "", GOOD.encode()[:99]),
    "a hidden file": Case(".{day}.csv", "ignored", "", b"\0\0\0\1Bud1"),
}
