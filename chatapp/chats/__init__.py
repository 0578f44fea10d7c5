"""Chats and their message tree."""
