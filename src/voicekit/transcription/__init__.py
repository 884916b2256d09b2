"""Transcribe recordings: plan, recognize, attribute words to speakers, keep runs."""
