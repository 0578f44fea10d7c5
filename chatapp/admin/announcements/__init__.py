"""The admin page about announcements."""
