"""A figure as it stands in a page: drawn once, text as text, its colours the page's own, in light and in dark.

Of a figure of several panels each panel is a drawing by itself, which a page sets side by side or one below the other,
as its width allows. Ids are those of one figure; a colour is `var(--ink)`, `var(--c0072b2)`, …, see `colours`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from rnnbench.plots.look import BAND, FAINT, GRID, INK, rendered

_SVG, _LINK = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}href"
_NAMED = {INK: "--ink", "#000000": "--ink", FAINT: "--faint", "#ffffff": "--paper", GRID: "--grid", BAND: "--band"}
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_POINT = 96 / 72  # CSS pixels in a point, in which a drawing has its coordinates
_MARGIN = 3.0  # points around a panel


def inline(figure: Figure, name: str) -> list[Markup]:
    """The drawings of a figure, <svg> each: its legends, then its panels; one alone where panels cannot be told apart.

    name: of the figure, unlike that of any other on the page.
    """
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        root = ElementTree.fromstring(rendered(figure, "svg"))
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    shared = [each for each in root if each.tag == f"{{{_SVG}}}defs"]  # clip paths, of all panels
    (whole,) = (each for each in root if each.get("id") == "figure_1")
    boxes = _boxes(figure)
    parts = [(boxes[each.get("id", "")], each) for each in whole if each.get("id") in boxes]
    height = figure.bbox.height * 72 / figure.dpi
    if len(parts) < 2 or len(parts) < len(boxes) or _overlap([box for box, _ in parts]):
        size = Bbox.from_bounds(0, 0, figure.bbox.width * 72 / figure.dpi, height)
        parts = [(size, child) for child in [whole]]
    drawn = []
    for place, (box, part) in enumerate(
        sorted(parts, key=lambda each: not str(each[1].get("id")).startswith("legend"))
    ):
        made = ElementTree.Element(f"{{{_SVG}}}svg")
        view = (box.x0, height - box.y1, box.width, box.height)
        made.set("viewBox", " ".join(f"{number:.4g}" for number in view))
        made.set("style", f"--wide:{round(box.width * _POINT)}px")
        if str(part.get("id")).startswith("legend"):
            made.set("data-part", "legend")  # in a line of its own (page.css)
        made.extend([*(shared if place == 0 else []), part])
        drawn.append(made)
    _shorten(drawn, name)
    return [Markup(_written(each)) for each in drawn]


def colours(page: str) -> tuple[str, str]:
    """The colours that a page's drawings ask for besides its own, as CSS, in light and in dark."""
    asked = sorted(set(re.findall(r"var\(--c([0-9a-f]{6})\)", page)))
    light, dark = (" ".join(f"--c{each}: #{of(each)};" for each in asked) for of in (str, _for_dark))
    return light, dark


def with_classes(page: str) -> tuple[str, str]:
    """The page with a class for each style that its drawings have more than once, and these as CSS."""
    tally = Counter(re.findall(r'(?<= style=")[^"]*(?=")', "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))))
    names = {style: f"s{place}" for place, (style, count) in enumerate(tally.most_common()) if count > 1 and style}

    def named(found: re.Match[str]) -> str:
        return f' class="{names[found[1]]}"' if found[1] in names else found[0]

    made = re.sub(r"<svg.*?</svg>", lambda svg: re.sub(r' style="([^"]*)"', named, svg[0]), page, flags=re.DOTALL)
    return made, " ".join(f".{name}{{{style}}}" for style, name in names.items())


def _boxes(figure: Figure) -> dict[str, Bbox]:
    """Where the figure's axes and legends are, in points from below, by the ids that they have in the drawing."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    scale = 72 / figure.dpi
    there = [axes for axes in figure.axes if axes.get_visible()]
    found = {f"axes_{place}": axes.get_tightbbox(renderer) for place, axes in enumerate(there, 1)}
    if len(there) > 1:  # of one panel the legend stays where it is
        found |= {f"legend_{place}": each.get_window_extent(renderer) for place, each in enumerate(figure.legends, 1)}
    return {
        name: Bbox(box.get_points() * scale).padded(_MARGIN)
        for name, box in found.items() if box is not None
    }  # fmt: skip


def _overlap(boxes: list[Bbox]) -> bool:
    inner = [box.padded(-_MARGIN - 0.5) for box in boxes]
    return any(a.overlaps(b) for place, a in enumerate(inner) for b in inner[place + 1 :])


def _shorten(drawn: list[ElementTree.Element], name: str) -> None:
    """Ids only where something refers to them, with the figure's name; no groups that say nothing; colours by name."""
    asked = set()
    for each in _all(drawn):
        if (link := each.attrib.pop(_LINK, None)) is not None:
            each.set("href", link)
        asked |= set(re.findall(r"#([\w-]+)\)?$", each.get("href", "") if each.tag.endswith("use") else ""))
        asked |= set(re.findall(r"url\(#([\w-]+)\)", " ".join(each.attrib.values())))
    for each in _all(drawn):
        own = each.attrib.pop("id", None)
        small = len(each.get("d", "")) < 200  # a marker
        if own in asked:
            each.set("id", f"{name}-{own}")
        if each.tag.endswith("use"):
            each.set("href", re.sub("^#", f"#{name}-", each.get("href", "")))
        if re.fullmatch(r"rotate\(-?0[ .\d-]*\)", each.get("transform", "")):
            del each.attrib["transform"]
        for key in ("x", "y", "transform", "d"):
            if key in each.attrib:
                tenths = not (key == "d" and small)
                each.set(key, re.sub(r"(\.\d)\d+" if tenths else r"(\.\d\d)\d+", r"\1", each.get(key, "")))
        for key in ("clip-path", "style", "fill", "stroke"):
            if key in each.attrib:
                each.set(key, _styled(each.get(key, ""), name))
    for each in drawn:
        _flattened(each)


def _all(drawn: list[ElementTree.Element]) -> Iterator[ElementTree.Element]:
    for each in drawn:
        yield from each.iter()


def _styled(style: str, name: str) -> str:
    style = re.sub(r"url\(#", f"url(#{name}-", style)
    style = re.sub(r"font-family: [^;]*(?:; )?", "", style)
    style = _COLOUR.sub(lambda found: f"var({_NAMED.get(found[0], '--c' + found[0][1:])})", style)
    return style.replace(": ", ":").replace("; ", ";")


def _flattened(parent: ElementTree.Element) -> None:
    children = []
    for child in parent:
        if child.tag.endswith("}style"):
            continue  # it would be of the whole page
        _flattened(child)
        child.text, child.tail = (child.text if child.tag.endswith(("text", "tspan")) else None), None
        children += list(child) if child.tag.endswith("}g") and not child.attrib else [child]
    parent[:] = [child for child in children if len(child) or child.attrib or child.text]


def _written(drawn: ElementTree.Element) -> str:
    text = ElementTree.tostring(drawn, encoding="unicode", default_namespace=None)
    text = re.sub(r' xmlns:ns\d+="[^"]*"', "", text)
    return re.sub(r"(</?)ns\d+:", r"\1", text).replace("<svg", '<svg aria-hidden="true"', 1)


def _for_dark(colour: str) -> str:
    """A colour as light as is read on a dark ground: mixed with white until its contrast is 4.5 to 1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    for share in (0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9):
        mixed = [part + share * (1 - part) for part in parts]
        if (_luminance(mixed) + 0.05) / (_luminance([0.086, 0.09, 0.094]) + 0.05) >= 4.5:
            break
    return "".join(f"{round(255 * part):02x}" for part in mixed)


def _luminance(parts: list[float]) -> float:
    """Of red, green and blue, as WCAG 2 has it."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
