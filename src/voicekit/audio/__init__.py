"""Decode, clean, measure, join and encode audio."""
