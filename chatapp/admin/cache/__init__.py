"""The admin page about the answer cache: who may be given an answer again, and what that saves."""
