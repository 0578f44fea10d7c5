"""The admin page about limits: what everybody may have, and what is saved when quota is scarce."""
