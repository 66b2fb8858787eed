"""The loop of a run: gives games to slots, handles failures, keeps the counts. It knows nothing of Ray."""
