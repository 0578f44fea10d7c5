"""What admins tell everybody: a sentence with a level and a time."""
