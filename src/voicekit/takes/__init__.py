"""Takes: rendering, measuring, repairing and picking the takes of a run."""
