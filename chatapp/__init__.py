"""A chat app that an organisation runs for itself."""
