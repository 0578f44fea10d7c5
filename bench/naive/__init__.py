"""How one would write a chat in Reflex at first: the baseline of the benchmarks."""
