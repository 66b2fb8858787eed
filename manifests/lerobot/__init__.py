"""Write LeRobot v3 tables beside a dataset's videos, so that unmodified LeRobot can open the dataset."""
