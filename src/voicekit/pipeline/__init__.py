"""The listening half, as a sentence:

    download -> clean -> diarize -> transcribe -> attribute -> subtitle -> write

One file a stage, each a function of data to data. Around them: `sources` says what there is to listen to, `plan` with
what, `listen` takes one recording through the stages, and `stages` keeps their results.
"""
