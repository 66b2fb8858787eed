"""From an emulator's pictures to proved chunk pairs: set-up, capture, encoding, proof, publishing."""
