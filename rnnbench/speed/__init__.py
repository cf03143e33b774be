"""How long a step takes: every backend of every cell side by side, over sizes and threads, with its roofline.

python -m rnnbench.speed            a table on the screen, speed.csv and speed.png
measure(...)                        one size and number of threads
"""

from rnnbench.speed.measure import Size, measure

__all__ = ["Size", "measure"]
