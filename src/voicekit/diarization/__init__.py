"""Speaker diarization: segmentation windows, clustering, labels, and calls with one speaker per channel."""
