"""How it went: what was counted, by the minute and by the hour, of all processes together."""
