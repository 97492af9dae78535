"""The stages of the loop, without Airflow. None imports another: they meet in the lake, the registry and the ledger."""
