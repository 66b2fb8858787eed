"""The states of one game as data for pages: columns, boxes, events, curves of evidence."""
