"""Provider requests in: verify, keep, answer."""
