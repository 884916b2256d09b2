"""Automatic quality assessment of takes: intelligibility, speaker similarity, DNSMOS, prosody and artifacts."""
