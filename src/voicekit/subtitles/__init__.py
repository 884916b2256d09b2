"""Subtitles: read, laid out on the screen, checked, written, edited, drawn into a video. Text and times; no models."""
