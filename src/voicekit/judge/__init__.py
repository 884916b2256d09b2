"""The judge: how right a transcript is, against a reference; and how good a take is.

Of transcripts:

    match         which files belong to one recording
    wer           words: WER, CER, cpWER, WDER, and the times of words
    diarization   who spoke when: DER, JER
    score         counts to figures, for one recording and for all
    bootstrap     how sure a figure is
    evaluate      all of these, from files and folders to scores

`wer` and `diarization` count errors by unit (an utterance, a stretch of time) and know nothing of files: what is
counted by unit can be resampled by unit.

Of takes:

    take          all that is heard of one, by models that are loaded once
    roundtrip     what a recogniser heard, against the text
    similarity    the reference's voice
    quality       DNSMOS
    prosody       pace, pitch and energy, and the voice's own
    artifacts     faults: one detector a kind
    verdict       gates, score, and which of several takes is best
"""
