"""The tools that agents may use, each bounded in time and size."""
