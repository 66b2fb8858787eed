"""Turn an emulator's pictures into proved chunk pairs: set-up, capture, encoding, proof, publishing."""
