"""Trains a model's code on a handful of real rows, to find in seconds what a training would find in hours.

It needs neither MLflow nor a published batch: where nothing is published yet, the first readable arrival is cleaned
as it would be and used instead.
"""
