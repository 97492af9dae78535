"""What Loopwright adds to Airflow's UI, registered once, by entry point."""
