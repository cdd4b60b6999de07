"""XML from strangers, without its traps: no document types, no entities, nothing fetched, bounded memory.

A document type is the door to entity bombs and to files and servers outside; city files need none, so one is refused
before the parser sees it. Elements are handed out one by one and forgotten.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from network.problems import Refused

_ENCODINGS = re.compile(
    rb"^(utf-?8|utf-?16(le|be)?|us-ascii|ascii|iso-?8859-?\d+|windows-125\d|cp125\d|latin-?1)$", re.IGNORECASE
)
Element = Any


def root_name(path: Path, data: bytes) -> str:
    """Local name of the root element.

    Raises:
        Refused: a document type, a strange encoding, or no element at all.
    """
    _check(path, data)
    for event, element in _parse(path, data, events=("start",)):
        if event == "start":
            return local(element)
    raise Refused(f"{path} is XML without an element; export the file again")


def elements(path: Path, data: bytes, *, wanted: frozenset[str]) -> Iterator[tuple[str, Element]]:
    """(local name, element) of every outermost wanted element, whole; what was handed out is forgotten.

    Raises:
        Refused: the file is no well-formed XML, or holds what `root_name` refuses.
    """
    _check(path, data)
    inside = 0
    tags = [f"{{*}}{name}" for name in sorted(wanted)]
    for event, element in _parse(path, data, events=("start", "end"), tags=tags):
        name = local(element)
        if event == "start":
            inside += 1
            continue
        inside -= 1
        if inside:
            continue
        yield name, element
        element.clear(keep_tail=False)
        while element.getprevious() is not None:
            del element.getparent()[0]


def local(element: Element) -> str:
    """Name without the namespace; empty for comments."""
    tag = element.tag
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def _check(path: Path, data: bytes) -> None:
    declared = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']", data[:512])
    if declared and not _ENCODINGS.match(declared.group(1)):
        raise Refused(f"{path} is XML in the encoding {declared.group(1).decode(errors='replace')!r}; save it in UTF-8")
    if b"\0" in data[:256]:
        raise Refused(f"{path} holds zero bytes, as UTF-16 and UTF-32 without a mark do; save it in UTF-8")
    if not re.match(rb"(\xef\xbb\xbf)?\s*<", data):  # EBCDIC is understood undeclared, and unseen by `_prolog`
        raise Refused(f"{path} does not begin with an XML element; save it in UTF-8, or fetch or export it again")
    if re.search(rb"<!(DOCTYPE|ENTITY)", _prolog(data), re.IGNORECASE):
        raise Refused(
            f"{path} declares a document type (<!DOCTYPE ...>), through which entities could fill the memory or read "
            "other files; remove that line, city files need none"
        )


def _prolog(data: bytes) -> bytes:
    """The first declaration (<!...) before the root element, comments and instructions left out."""
    position = 0
    while position >= 0:
        start = data.find(b"<", position)
        if data[start : start + 4] == b"<!--":
            position = data.find(b"-->", start + 4)
        elif data[start : start + 2] == b"<?":
            position = data.find(b"?>", start + 2)
        elif data[start : start + 2] == b"<!":
            return data[start : start + 64]
        else:
            break
    return b""


def _parse(
    path: Path, data: bytes, *, events: tuple[str, ...], tags: list[str] | None = None
) -> Iterator[tuple[str, Element]]:
    from lxml import etree

    reader = etree.iterparse(
        io.BytesIO(data), events=events, tag=tags, resolve_entities=False, load_dtd=False, no_network=True,
        dtd_validation=False,
        attribute_defaults=False, huge_tree=True, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        yield from reader
    except etree.XMLSyntaxError as e:
        if "encod" in str(e).lower() or "utf-8" in str(e).lower():
            raise Refused(f"{path} is not in the encoding that it declares ({e.msg}); save it in UTF-8") from e
        raise Refused(f"{path} is truncated or broken XML ({e.msg}); fetch or export the file again") from e
