"""Loopwright: the CI/CD/CT loop for machine-learning models, native to Apache Airflow 3.

Importing this package imports nothing else: DAG files and the triggerer pay for it at every parse.
"""

__version__ = "0.1.0"
