"""Clone jobs: speak a list of lines in several takes each, judge every take, and keep the best."""
