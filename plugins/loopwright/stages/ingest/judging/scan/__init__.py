"""Expectations compiled to SQL: one scan of a batch, wherever it is, in place of a frame in memory.

What must stay true: a compiled expectation answers as Great Expectations does on pandas, which a parity test holds;
whatever is not compiled, or not in that form, goes to Great Expectations itself and is never passed over.
"""
