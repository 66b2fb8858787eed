"""LeRobot v3 tables over our own videos: with them the dataset's root opens in stock LeRobot."""
