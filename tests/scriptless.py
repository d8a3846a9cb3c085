"""A person's browser without script, for tests that need no real one."""

from __future__ import annotations

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request


class Browser:
    """Cookies, redirects, forms."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.url, self.status, self.body = "", 0, b""
        self.headers: dict[str, str] = {}

    def get(self, url: str) -> str:
        return self._open(urllib.request.Request(urllib.parse.urljoin(self._base_url, url)))

    def submit(self, action: str, **values: str) -> str:
        """Send the form of this page whose action contains `action`, with its hidden fields and these values."""
        for form in re.findall(r"<form\b.*?</form>", self.text, re.DOTALL):
            target = re.search(r'action="([^"]*)"', form)
            where = target[1] if target else self.url
            if action in where:
                hidden = {
                    _attribute(field, "name"): _attribute(field, "value")
                    for field in re.findall(r"<input\b[^>]*>", form)
                    if 'type="hidden"' in field
                }
                data = urllib.parse.urlencode(hidden | values).encode()
                origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(self.url))
                return self._open(urllib.request.Request(urllib.parse.urljoin(self.url, where), data, {"Origin": origin}))
        raise AssertionError(f"no form {action} on {self.url}:\n{self.text[:3000]}")

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def _open(self, request: urllib.request.Request) -> str:
        request.add_header("Accept-Language", "it")
        try:
            response = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            response = error
        self.url, self.status, self.body, self.headers = response.url, response.status, response.read(), dict(response.headers)
        return self.text


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]*)"', tag)
    return found[1] if found else ""
