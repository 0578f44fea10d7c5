"""The admin page about groups."""
