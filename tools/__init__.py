"""What `make` runs. Nothing but the standard library: it works before anything is installed."""
