"""Judging: a suite asked of a batch, by Great Expectations or by one scan held to its answers."""
