"""Device selection, memory, threads, progress reporting and error conversion."""
