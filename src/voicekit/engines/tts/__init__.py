"""Text-to-speech engines, one file per engine."""
