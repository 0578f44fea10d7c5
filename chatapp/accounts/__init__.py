"""Users, their sessions, signing in and out, and the guard of every event."""
