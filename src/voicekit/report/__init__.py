"""HTML reports: self-contained static pages of runs that work offline and need no server.

load, page, media, spectrogram     read a run; render a template; audio and pictures of a page
transcript_page, takes_page        `voicekit report`
compare, compare_page, verdicts    `voicekit compare`
gallery_page                       `voicekit gallery`
listening_test                     blind listening tests on the page of a comparison
corrections, apply_corrections     corrections saved from the page of a transcript
metrics, speaker_stats             how measures are written; who spoke how long
templates/                         HTML (Jinja2, escaped), CSS and JavaScript
"""
