"""Configuration patterns: ways to fill a node or bin, their pricing, and the master program."""
