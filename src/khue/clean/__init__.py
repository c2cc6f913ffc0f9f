"""What clean means: pure functions on frames."""
