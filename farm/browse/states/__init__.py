"""What the states of one game say, as data for pages: columns, boxes, events, curves of evidence."""
