"""A script for a Python that has pip: writes down what the index offers for each project that is named.

It runs outside of envbuilder (``python -I pip_links.py OUTPUT [--index-url URL] [--cache-dir DIR] NAME...``) and uses
pip's own session, so certificates, proxies and netrc work as they do for pip. These parts of pip are private:
they were read in pip 26.0 to 26.3.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

NOT_THERE = (404, 410)
"""What an index answers for a project that it does not have (PEP 503)."""


def main(arguments: list[str]) -> int:
    """Write one JSON object, project to a list of files; return 1 if the index cannot be reached."""
    from pip._internal.commands import create_command
    from pip._internal.index.collector import LinkCollector
    from pip._vendor.requests import RequestException

    output, *rest = arguments
    command = create_command("download")
    options, names = command.parse_args(["--isolated", "--no-input", *rest])
    with command._build_session(options) as session:  # type: ignore[attr-defined]  # noqa: SLF001
        scope = LinkCollector.create(session, options=options).search_scope
        try:
            found = {
                name: [
                    _described(link)
                    for url in scope.get_index_urls_locations(name)
                    for link in _links(url, session)
                ]
                for name in names
            }
        except RequestException as error:
            print(f"Could not fetch URL: {error}", file=sys.stderr)  # noqa: T201
            return 1
    Path(output).write_text(json.dumps(found), encoding="ascii")
    return 0


def _links(url: str, session: Any) -> list[Any]:
    from pip._internal.exceptions import NetworkConnectionError
    from pip._internal.index import collector

    try:
        response = collector._get_simple_response(url, session)  # noqa: SLF001
    except NetworkConnectionError as error:
        if error.response is not None and error.response.status_code in NOT_THERE:
            return []
        raise
    return list(collector.parse_links(collector._make_index_content(response)))  # noqa: SLF001


def _described(link: Any) -> dict[str, Any]:
    return {
        "filename": link.filename,
        "url": link.url_without_fragment,
        "sha256": link._hashes.get("sha256", ""),  # noqa: SLF001
        "python": link.requires_python or "",
        "uploaded": link.upload_time.isoformat() if link.upload_time else "",
        "yanked": link.yanked_reason is not None,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
