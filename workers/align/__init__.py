"""Evidence that picture k shows state k, and the verdict: pure functions from arrays to arrays."""
