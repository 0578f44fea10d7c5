"""The life of an answer: asked, run, logged, followed, ended."""
