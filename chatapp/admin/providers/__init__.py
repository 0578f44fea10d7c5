"""The providers as admins see them: how each is, and what was asked of them lately."""
