"""The quarantine: what is there, what a person decides about it, and when it is erased."""
