"""Thin operators over the stages; each module has its stage's name. Importing them imports nothing heavy."""
