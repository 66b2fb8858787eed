"""How one replay becomes chunk pairs. Imports manifests; knows no cluster."""
