"""Options and presets: pydantic models that hold every default, with its range, unit and reason.

The command line, the Python functions and YAML files are three ways to set the same fields. An unknown key raises
UsageError and lists the known ones. Presets are YAML files in configs/: first of the working folder, then those that
ship with voicekit.
"""
