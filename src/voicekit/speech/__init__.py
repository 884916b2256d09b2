"""The speaking half: a text becomes parts, each part is spoken, and the parts are joined."""
