"""How long a step takes: every backend of every cell, torch.nn and others' side by side, over sizes and threads.

python -m rnnbench.speed            a table on the screen, speed.csv and speed.png
measure(Setting(Size(…)), …)        one setting: size, threads, passes, layers and so on
"""

from rnnbench.speed.measure import measure
from rnnbench.speed.setting import Setting, Size

__all__ = ["Setting", "Size", "measure"]
