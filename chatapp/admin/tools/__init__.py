"""The admin page about tools: which are on, which ask first, and the MCP servers."""
