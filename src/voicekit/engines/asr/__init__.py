"""engines.asr"""
