"""LeRobot v3 tables over our own videos, with which unchanged LeRobot opens the dataset's root."""
