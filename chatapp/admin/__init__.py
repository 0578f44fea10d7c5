"""The pages of those who run the installation. For others they do not exist."""
