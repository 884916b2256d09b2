"""engines.diarization"""
