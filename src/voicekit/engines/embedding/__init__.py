"""engines.embedding"""
