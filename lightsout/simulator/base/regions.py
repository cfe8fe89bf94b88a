"""The regions: name, Chinese name, CVM's name of the area, and if it is in mainland China.

A selection of those on the page "Request Structure" of Lighthouse's public API documentation, seen
in 2026, all of which CVM has too; the form is that of DescribeRegions.
"""

from __future__ import annotations

REGIONS: dict[str, tuple[str, str, bool]] = {
    "ap-beijing": ("北京", "华北地区", True),
    "ap-chengdu": ("成都", "西南地区", True),
    "ap-guangzhou": ("广州", "华南地区", True),
    "ap-hongkong": ("中国香港", "港澳台地区", False),
    "ap-jakarta": ("雅加达", "亚太东南", False),
    "ap-nanjing": ("南京", "华东地区", True),
    "ap-seoul": ("首尔", "亚太东北", False),
    "ap-shanghai": ("上海", "华东地区", True),
    "ap-singapore": ("新加坡", "亚太东南", False),
    "ap-tokyo": ("东京", "亚太东北", False),
    "eu-frankfurt": ("法兰克福", "欧洲地区", False),
    "na-siliconvalley": ("硅谷", "美国西部", False),
    "sa-saopaulo": ("圣保罗", "南美地区", False),
}
