"""Detectors of audible artifacts in synthesized speech."""
