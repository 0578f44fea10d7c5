"""The admin page about agents: the organisation’s, those that come, and rules for every chat."""
