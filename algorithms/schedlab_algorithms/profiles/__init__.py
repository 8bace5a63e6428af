"""Filter-score schedulers as TOML; a file's stem is the scheduler's name."""
