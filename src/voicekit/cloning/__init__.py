"""cloning"""
