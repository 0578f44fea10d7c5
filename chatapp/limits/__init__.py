"""What people may ask for, what they have used, and what is done when quota gets scarce."""
