"""Many decisions at once: what one-by-one placing would choose, told in a few questions."""
