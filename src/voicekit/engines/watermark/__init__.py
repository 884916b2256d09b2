"""engines.watermark"""
