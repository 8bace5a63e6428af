"""The built-in algorithms, written against the public contract like anybody's."""
