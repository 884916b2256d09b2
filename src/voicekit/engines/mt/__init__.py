"""engines.mt"""
