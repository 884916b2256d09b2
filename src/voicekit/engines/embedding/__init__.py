"""Speaker embeddings."""
