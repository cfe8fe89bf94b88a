"""Code for functions of the simulator."""

from __future__ import annotations

import base64
import io
import json
import zipfile

TRUSTS_SCF = json.dumps(
    {
        "version": "2.0",
        "statement": [
            {
                "action": "name/sts:AssumeRole",
                "effect": "allow",
                "principal": {"service": ["scf.qcloud.com"]},
            }
        ],
    }
)


def zipped(files: dict[str, str]) -> bytes:
    """A zip of these texts, by name; the same texts make the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return content.getvalue()


def zip_file(text: str, name: str = "index.py") -> str:
    """The value of ZipFile: a zip with one file, as base64."""
    return base64.b64encode(zipped({name: text})).decode()


ECHO = zip_file("def main_handler(event, context):\n    return event\n")
