"""Waiting for batches without a worker: run by Airflow's triggerer, and light."""
