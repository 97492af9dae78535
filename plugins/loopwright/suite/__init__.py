"""What the DAG files share: whose declarations to build from, the assets' names, what every DAG has alike."""
