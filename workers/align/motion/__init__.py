"""Motion evidence: what the state says moved, against what the pixels say moved, with nothing painted for us.

Read in this order: `thumbnails` (pictures to thumbnails), `flow` (thumbnails to `maps` of foreground motion),
`tracks` (what moves on the stage) and `movers` (read from the state), `camera` (stage to screen),
`correlation` (lags and margins), `windows` (where it first goes wrong), `onward` (pictures that changed
places), `evidence` (the finding).
"""
