"""The first admin page: how it goes, now and over time."""
