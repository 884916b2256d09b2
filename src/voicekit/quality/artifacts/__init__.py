"""quality.artifacts"""
