"""What a cluster is: nodes, pods, selectors, quantities, manifests."""
