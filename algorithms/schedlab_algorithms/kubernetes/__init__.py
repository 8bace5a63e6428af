"""kube-scheduler's default plugins, exact to the integer."""
