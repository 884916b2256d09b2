"""Conversation: a script becomes a dialogue. `formats` reads what a writer typed into a `script`; `cast` gives every
speaker a voice and every line its order; `speech.render` renders each take once; `turns` says when everybody begins;
`mix` makes stems and one sound of it; `timeline` tells exactly what is said when; `heard` is what the listening half
makes of it; `run` does all this and keeps it.
"""
