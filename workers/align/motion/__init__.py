"""Motion evidence: compare the motion in the state with the motion in the pictures; this needs no stamp.

Read in this order: `thumbnails` (pictures to thumbnails), `flow` (thumbnails to `flow_maps` of foreground
motion), `tracks` (what moves on the stage) and `movers` (read from the state), `camera` (stage to screen) and
`fitting` (which camera), `foreground` (motion around a place), `correlation` (lags and margins),
`judged_stretches` (where it first goes wrong), `picture_order` (pictures that changed places), `evidence`
(the finding).
"""
