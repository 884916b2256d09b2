"""Subtitles: read, lay out, check, edit, render, and add to videos."""
