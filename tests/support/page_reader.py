"""The page of `report`, read as a browser would: its elements, and the text in each."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "input", "br"}
BLOCKS = {"div", "p", "li", "td", "th", "dt", "dd", "br"}  # what stands before is another word


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    text: str = ""
    inside: list[Element] = field(default_factory=list)

    def all(self, name: str) -> list[Element]:
        """The elements of that name in it, in their order."""
        found = [self] if self.name == name else []
        return found + [one for inner in self.inside for one in inner.all(name)]

    def by_id(self, id_: str) -> Element | None:
        if self.attributes.get("id") == id_:
            return self
        return next((one for inner in self.inside if (one := inner.by_id(id_))), None)

    def shape(self) -> list[object]:
        """Its elements and the names of their attributes, without any text."""
        return [self.name, sorted(self.attributes), [inner.shape() for inner in self.inside]]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag, attrs):
        if tag in BLOCKS:
            self.handle_data(" ")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].inside.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        self._open[-1].inside.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self._open[-1].name == tag, f"</{tag}> in <{self._open[-1].name}>"
        self._open.pop()

    def handle_data(self, data):
        for element in self._open:
            element.text += data


def read_page(html: str) -> Element:
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert len(parser._open) == 1, f"open at the end: {[it.name for it in parser._open]}"
    return parser.root


def machine_rows(page: Element) -> dict[str, list[str]]:
    """The cells of each machine, by its ID."""
    rows = page.by_id("machine-rows")
    found = {}
    for row in rows.all("tr") if rows else ():
        id_ = next(it.text for it in row.all("div") if it.attributes.get("class") == "id")
        found[id_] = [" ".join(cell.text.split()) for cell in row.all("td")]
    return found
