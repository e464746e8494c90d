"""A visitor of pages: follows links and sends forms, as a person does, and sees what they see."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx
from lxml import html

from slotbridge.kit import http

_MOST_REDIRECTS = 5


class PageBroken(Exception):
    """A page is not as expected: its address without what names a row, and its status."""

    def __init__(self, page: httpx.Response, why: str) -> None:
        super().__init__(f"{page.request.method} /{page.url.path.split('/')[1]}/: "
                         f"{page.status_code}, {why}")  # fmt: skip


@dataclass(frozen=True)
class Page:
    """What came back last."""

    answer: httpx.Response
    tree: html.HtmlElement

    @property
    def url(self) -> str:
        return str(self.answer.url)

    def text(self, path: str) -> str:
        """The words of the first element at this XPath; "" if there is none."""
        found = self.tree.xpath(path)
        return " ".join(found[0].text_content().split()) if found else ""

    def link(self, path: str) -> str:
        """Where the first link at this XPath leads; "" if there is none."""
        found = self.tree.xpath(path)
        return urljoin(self.url, found[0].get("href")) if found else ""

    def values(self, path: str) -> list[str]:
        return [element.get("value") for element in self.tree.xpath(path)]


class Browser:
    """Keeps cookies, speaks English, follows redirects of forms it sent."""

    def __init__(self, base_url: str) -> None:
        self._http = http.client(base_url)
        self._http.headers["Accept-Language"] = "en"

    def close(self) -> None:
        self._http.close()

    def open(self, url: str) -> Page:
        """Raises PageBroken if it is not there."""
        return self._page(self._http.get(url))

    def send(self, page: Page, form: str, values: Mapping[str, str]) -> Page:
        """Fills in the form at this XPath and sends it. Raises PageBroken."""
        found = page.tree.xpath(form)
        if not found:
            raise PageBroken(page.answer, "a form is missing")
        fields = dict(found[0].form_values()) | dict(values)
        target = urljoin(page.url, found[0].get("action") or page.url)
        return self._page(self._http.post(target, data=fields, headers={"Referer": page.url}))

    def _page(self, answer: httpx.Response) -> Page:
        for _ in range(_MOST_REDIRECTS):
            if not answer.is_redirect:
                break
            answer = self._http.get(urljoin(str(answer.url), answer.headers["Location"]))
        if not answer.is_success:
            raise PageBroken(answer, "refused")
        return Page(answer, html.fromstring(answer.text))
