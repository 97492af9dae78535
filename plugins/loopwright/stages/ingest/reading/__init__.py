"""Reading: an arrival's bytes to a frame, by format; the same bytes and declaration give the same frame."""
