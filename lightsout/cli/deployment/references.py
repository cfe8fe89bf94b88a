"""References such as `${env:NAME}` in serverless.yml: values that are known only at the deploy.

If a variable is not set, a key with it as the whole value is left out, and inside a longer value it
becomes the text «undefined». The tool does not resolve `${env.NAME}`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lightsout.policies.reading.yamltree import Items, Pairs, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightsout.policies.reading.yamltree import Complaint, Complaints, Node

FROM_OUTSIDE = re.compile(r"\$\{.*\}", re.DOTALL)
ONE_VARIABLE = re.compile(r"\$\{env:\w+\}")


def check_references(root: Node, complaints: Complaints) -> None:
    """Drop mistakes in texts that a variable may correct; add those that no variable can."""
    texts = list(_references(root))
    complaints.mistakes = [
        it for it in complaints.mistakes if not any(_is_in(it, text) for text in texts)
    ]
    for text in texts:
        if "${env." in text.value:
            complaints.add(text, "${env.NAME} stays as it stands: write ${env:NAME}")
        elif "${env:" in text.value and not ONE_VARIABLE.fullmatch(text.value):
            what = "inside a text a variable that is not set becomes «undefined»"
            complaints.add(text, f"{what}: let one ${{env:NAME}} be all of it")


def _references(node: Node) -> Iterator[Text]:
    """The texts with a reference."""
    if isinstance(node, Text) and FROM_OUTSIDE.search(node.value):
        yield node
    if isinstance(node, Items):
        for item in node.items:
            yield from _references(item)
    if isinstance(node, Pairs):
        for _, item in node.pairs:
            yield from _references(item)


def _is_in(mistake: Complaint, text: Text) -> bool:
    columns = range(text.column, text.column + len(text.value) + 2)
    return mistake.at.line == text.line and mistake.at.column in columns
