"""What the admin pages cost a database with many people and answers in it."""
