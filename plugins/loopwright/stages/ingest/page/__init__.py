"""A batch's report for people, as one HTML file, and for Great Expectations' own tools, as one of its results."""
