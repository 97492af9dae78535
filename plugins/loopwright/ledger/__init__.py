"""The ledger: an append-only record of every decision, and the state that follows from it."""
