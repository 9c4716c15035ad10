"""States, the transitions between them, and the time spent in each."""
