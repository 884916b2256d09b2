"""Text without audio: languages, words, sentences, and what a speech engine can speak."""
