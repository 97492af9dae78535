"""The demonstration: a real Airflow and a real MLflow on this machine, and a model that goes round the loop."""
