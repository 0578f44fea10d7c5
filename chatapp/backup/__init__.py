"""Copies of everything that must last, made while it runs, and their way back."""
