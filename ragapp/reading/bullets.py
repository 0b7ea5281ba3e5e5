"""Bullets: the signs in front of the points of a list, to be put into a class of characters, in this order.

Who looks for sentences takes the first ones alone, who reads pages all of them.
"""

from __future__ import annotations

#: those of any text; the hyphen comes first, where it is no range
BULLETS = "-–*•·▪‣"
#: those that documents have besides: shapes and the long dash
SHAPES = "◦●○■□—"
#: and arrows, ticks and boxes to be ticked, which may say something of the point
TICKS = "➢✓☐☒"
