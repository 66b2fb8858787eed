"""Turn one replay into pairs of videos and states files, on one machine. Imports manifests, never farm."""
