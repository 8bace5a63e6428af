"""The columnar cluster and the filter-score engine on it."""
