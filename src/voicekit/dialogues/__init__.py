"""Dialogues: a script becomes a mix of several voices, with turn-taking, a timeline and subtitles."""
