from __future__ import annotations

from support.house import cold_mlflow, house

__all__ = ["cold_mlflow", "house"]
