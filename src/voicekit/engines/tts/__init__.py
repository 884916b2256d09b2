"""engines.tts"""
