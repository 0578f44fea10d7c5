"""The admin pages about people."""
