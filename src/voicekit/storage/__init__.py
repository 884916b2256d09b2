"""Results and caches on disk.

    <out>/<name>/<run-id>/run.json + results     one run: written next to its final place, then renamed
    <out>/<name>/latest -> <run-id>              the newest run
    <cache>/stages/<stage>/<key>/                one stage's result; the key is a hash of what determines it
    <cache>/downloads/<site>/<id>/               downloaded media
    <cache>/downloads/urls/                      what each URL led to
    <cache>/translations/*.sqlite                translated sentences
    <cache>/hashes/                              SHA-256 of files by path, size and time, so that big files hash once

Every write goes to a temporary file or folder that is then renamed, so a process killed at any moment leaves complete
results or nothing. Files that are being written or read are locked (`locks.lock_path`); temporary files that nobody
holds a lock on are left over from killed processes, and `locks.remove_stale` deletes them.
"""
