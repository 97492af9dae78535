"""One module a command, called as it is named; each holds ``command``."""
