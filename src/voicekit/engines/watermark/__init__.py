"""Audio watermarks."""
