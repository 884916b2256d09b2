"""subtitles"""
