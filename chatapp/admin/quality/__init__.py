"""The admin page about quality: how good each member is, by numbers and by thumbs."""
