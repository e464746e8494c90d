"""A page as a person reads it: its text, and its fields by their labels."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"input", "img", "meta", "link", "br"}


@dataclass
class Element:
    tag: str
    attributes: dict
    parent: "Element | None" = None
    children: list = field(default_factory=list)

    @property
    def text(self):
        parts = (one if isinstance(one, str) else one.text for one in self.children)
        return " ".join(" ".join(parts).split())

    def all(self, tag):
        for one in self.children:
            if not isinstance(one, str):
                if one.tag == tag:
                    yield one
                yield from one.all(tag)

    def find(self, tag, **attributes):
        return [
            one
            for one in self.all(tag)
            if all(one.attributes.get(name) == value for name, value in attributes.items())
        ]


class _Parser(HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = self.at = Element("", {})

    def handle_starttag(self, tag, attrs):
        made = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(made)
        if tag not in VOID:
            self.at = made

    def handle_endtag(self, tag):
        while self.at.parent is not None and self.at.tag != tag:
            self.at = self.at.parent
        self.at = self.at.parent or self.at

    def handle_data(self, data):
        self.at.children.append(data)


def read(response):
    parser = _Parser()
    parser.feed(response.content.decode())
    return parser.root


def content(response):
    """The page's own text, without menu and bars."""
    (main,) = read(response).all("main")
    return main.text


def labels(response):
    """What each label is bound to: {label: the input, select or textarea}."""
    root = read(response)
    inputs = {
        one.attributes["id"]: one
        for tag in ("input", "select", "textarea")
        for one in root.all(tag)
        if "id" in one.attributes
    }
    return {
        label.text: inputs.get(label.attributes["for"])
        for label in root.all("label")
        if "for" in label.attributes
    }


def options(response, label):
    """The lines of a choice: {text: value}."""
    return {one.text: one.attributes["value"] for one in labels(response)[label].all("option")}


def menu(response):
    """The menu's lines in order, each with what stands above it: ("Administracja", "Cenniki")."""
    (nav,) = [
        one for one in read(response).all("nav") if one.attributes.get("aria-label") == "Menu"
    ]

    def lines(node, above):
        for one in node.children:
            if isinstance(one, str):
                continue
            if one.tag == "li":
                heading = [c for c in one.children if not isinstance(c, str) and c.tag == "span"]
                here = (*above, heading[0].text) if heading else above
                for link in (c for c in one.children if not isinstance(c, str) and c.tag == "a"):
                    yield (*here, link.text), link.attributes["href"]
                yield from lines(one, here)
            else:
                yield from lines(one, above)

    return dict(lines(nav, ()))


def errors(response):
    """Field errors as they stand beside the fields: {id of the list: text}."""
    return {
        one.attributes.get("id", ""): one.text
        for one in read(response).all("ul")
        if "errorlist" in one.attributes.get("class", "")
    }
