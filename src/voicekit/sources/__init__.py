"""Turn what the user names (files, folders, globs, URLs, playlists) into recordings."""
