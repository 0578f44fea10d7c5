"""Endpoints that are not pages: health, metrics, REST."""
