"""Translate transcripts and subtitles, sentence by sentence, with speakers and times kept."""
