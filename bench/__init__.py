"""Measures the product as it is served, beside a naive Reflex app on the same servers."""
