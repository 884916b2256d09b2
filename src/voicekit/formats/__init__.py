"""Read and write transcripts, annotations and subtitle files."""
