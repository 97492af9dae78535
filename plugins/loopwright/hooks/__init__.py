"""Where a task's workspace comes from: Airflow connections, else the environment."""
