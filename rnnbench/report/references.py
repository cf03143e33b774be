"""What pages name as "Bai et al. 2018", with where it can be read."""

from __future__ import annotations

_WORKS = {
    "Bai et al. 2018": "S. Bai, J. Z. Kolter and V. Koltun, An empirical evaluation of generic convolutional and "
    "recurrent networks for sequence modeling",
    "Chung et al. 2014": "J. Chung, C. Gulcehre, K. Cho and Y. Bengio, Empirical evaluation of gated recurrent neural "
    "networks on sequence modeling",
    "Weiss et al. 2018": "G. Weiss, Y. Goldberg and E. Yahav, On the practical computational power of finite precision "
    "RNNs for language recognition",
    "Tallec & Ollivier 2018": "C. Tallec and Y. Ollivier, Can recurrent neural networks warp time?",
    "Hochreiter & Schmidhuber 1997": "S. Hochreiter and J. Schmidhuber, Long short-term memory",
    "Cho et al. 2014": "K. Cho et al., Learning phrase representations using RNN encoder–decoder for statistical "
    "machine translation",
}
_DOI = {
    "Bai et al. 2018": "10.48550/arXiv.1803.01271",
    "Chung et al. 2014": "10.48550/arXiv.1412.3555",
    "Weiss et al. 2018": "10.18653/v1/P18-2117",
    "Tallec & Ollivier 2018": "10.48550/arXiv.1804.11188",
    "Hochreiter & Schmidhuber 1997": "10.1162/neco.1997.9.8.1735",
    "Cho et al. 2014": "10.3115/v1/D14-1179",
}
_CELLS = {"lstm": "Hochreiter & Schmidhuber 1997", "gru": "Cho et al. 2014"}


def cited(text: str, cells: set[str]) -> list[tuple[str, str, str]]:
    """(name, authors and title, DOI) of the papers of these cells and of those that a text names, in this order."""
    found = [_CELLS[cell] for cell in sorted(cells & set(_CELLS), reverse=True)]
    found += [name for name in _WORKS if name in text and name not in found]
    return [(name, _WORKS[name], _DOI[name]) for name in found]
