"""The stages in sequence, in one process and without Airflow: turn the loop, say how it stands, judge the project."""
