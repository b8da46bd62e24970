"""As much of a browser as the page needs: what a form would send, and what a page would load."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote

Attributes = dict[str, str | None]


@dataclass
class Form:
    """One form of a page, with what stands in it."""

    action: str
    sent: list[tuple[str, str]] = field(default_factory=list)  # as it stands, boxes unticked
    offered: dict[str, list[str]] = field(default_factory=dict)  # values of radios, boxes, selects

    def filled(self, changes: dict[str, str]) -> dict[str, str]:
        """Return what is sent after ``changes``, which may only choose what the form offers."""
        given = dict(self.sent)
        for name, value in changes.items():
            assert name in given or name in self.offered, name
            assert value in self.offered.get(name, [value]), (name, value)
        return given | changes


class Page(HTMLParser):
    """A page as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.targets: set[str] = set()
        self.links: dict[str, str] = {}  # file name -> what the link saves
        self.forms: list[Form] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: Attributes = dict(attrs)
        self.tags.add(tag)
        self.targets |= {str(given[name]) for name in ("src", "href", "action") if name in given}
        assert not [name for name in given if name == "style" or name.startswith("on")]
        if download := given.get("download"):
            kind, _, content = str(given["href"]).partition(",")
            assert kind == "data:application/json;charset=utf-8"
            self.links[download] = unquote(content)
        if tag == "form":
            self.forms.append(Form(str(given["action"])))
        elif tag == "input":
            self._input(given)
        elif tag == "select":
            self._select = str(given["name"])
        elif tag == "option" and self._select:
            value = str(given["value"])
            offered = self.forms[-1].offered.setdefault(self._select, [])
            if "selected" in given or not offered:  # a browser takes the first where none is chosen
                self._set(self._select, value)
            offered.append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""

    def _input(self, given: Attributes) -> None:
        name, kind = given.get("name"), given["type"]
        if name is None or not self.forms or kind == "file":
            return
        if kind in ("radio", "checkbox"):
            self.forms[-1].offered.setdefault(name, []).append(str(given["value"]))
            if "checked" in given:
                self._set(name, str(given["value"]))
        else:
            self._set(name, given.get("value") or "")

    def _set(self, name: str, value: str) -> None:
        form = self.forms[-1]
        form.sent = [row for row in form.sent if row[0] != name] + [(name, value)]
