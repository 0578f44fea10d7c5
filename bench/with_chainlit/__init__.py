"""An app on Chainlit, which lives in an environment of its own."""
