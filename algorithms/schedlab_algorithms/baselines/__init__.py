"""Classical placement rules as score plugins."""
