"""Evaluation of transcripts: WER, CER, cpWER, WDER, DER, JER and word times, with confidence intervals."""
