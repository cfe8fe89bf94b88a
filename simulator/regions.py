"""The regions of Lighthouse: name, Chinese name, whether on the Chinese mainland.

A selection of those on the page "Request Structure" of Lighthouse's public API documentation, seen
in 2026; the form is that of DescribeRegions.
"""

from __future__ import annotations

REGIONS: dict[str, tuple[str, bool]] = {
    "ap-beijing": ("北京", True),
    "ap-chengdu": ("成都", True),
    "ap-guangzhou": ("广州", True),
    "ap-hongkong": ("中国香港", False),
    "ap-jakarta": ("雅加达", False),
    "ap-nanjing": ("南京", True),
    "ap-seoul": ("首尔", False),
    "ap-shanghai": ("上海", True),
    "ap-singapore": ("新加坡", False),
    "ap-tokyo": ("东京", False),
    "eu-frankfurt": ("法兰克福", False),
    "na-siliconvalley": ("硅谷", False),
    "sa-saopaulo": ("圣保罗", False),
}
