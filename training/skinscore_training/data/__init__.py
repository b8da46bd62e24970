"""What the network is trained on: rendered shards, graded photos, splits by subject."""
