"""The public page that says how it goes, for everybody, signed in or not."""
