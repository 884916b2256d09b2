"""Speech quality estimation."""
