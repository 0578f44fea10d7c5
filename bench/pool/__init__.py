"""The pool beside what else could take its place, on the same fake providers in the same run."""
