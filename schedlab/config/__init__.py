"""What people write in TOML, as validated models."""
