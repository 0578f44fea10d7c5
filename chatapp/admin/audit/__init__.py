"""The admin page that reads the audit."""
