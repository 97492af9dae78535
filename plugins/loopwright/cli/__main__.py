"""``python -m loopwright.cli``: the same command line where the package is a copied folder and nothing is installed."""

from __future__ import annotations

from loopwright.cli.main import main

if __name__ == "__main__":
    main()
