"""What the figures of all pages look like.

matplotlib is imported here, without its paragraph on a home that is read-only: before any other module asks for it.
"""

import logging

_log = logging.getLogger("matplotlib")
_before = _log.level
_log.setLevel(logging.ERROR)

import matplotlib  # noqa: E402, F401

_log.setLevel(_before)
