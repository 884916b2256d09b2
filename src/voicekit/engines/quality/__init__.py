"""engines.quality"""
