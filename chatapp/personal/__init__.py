"""All that is one person's, across the domains: a copy of it, and its end."""
