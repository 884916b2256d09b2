"""Text to speech: voices, synthesis, voice conversion and reference clips."""
