"""Sensors, for DAGs that start by the clock and then wait for data."""
