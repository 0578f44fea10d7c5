"""A crowd of people who are signed in, and a provider for them: as lean as Python allows."""
