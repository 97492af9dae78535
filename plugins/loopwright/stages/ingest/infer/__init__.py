"""Inference: from batches to a first suite, with the reason for each expectation beside it.

What must stay true: what is proposed holds for the batches it was inferred from, and leaves room for the next.
"""
