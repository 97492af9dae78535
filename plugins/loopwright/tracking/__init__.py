"""Tracking: the one room that knows MLflow's client API."""

from __future__ import annotations

from loopwright.tracking.tracking import Tracking

__all__ = ["Tracking"]
