"""The regions known at hand, to tell a misspelt one from a new one; the API has the last word."""

from __future__ import annotations

from lightsout.base.suggest import nearest

# Lighthouse and CVM. Source: the public answers of DescribeRegions (17 regions) and the list of
# regions in the product documentation of CVM (finance zones), seen 2026-11.
REGIONS = (
    "ap-bangkok",
    "ap-beijing",
    "ap-beijing-fsi",
    "ap-chengdu",
    "ap-chongqing",
    "ap-guangzhou",
    "ap-hongkong",
    "ap-jakarta",
    "ap-nanjing",
    "ap-seoul",
    "ap-shanghai",
    "ap-shanghai-fsi",
    "ap-shenzhen-fsi",
    "ap-singapore",
    "ap-tokyo",
    "eu-frankfurt",
    "me-saudi-arabia",
    "na-ashburn",
    "na-siliconvalley",
    "sa-saopaulo",
)

# Those that accounts of the international site do not have.
MAINLAND = frozenset(
    f"ap-{place}"
    for place in (
        "beijing", "beijing-fsi", "chengdu", "chongqing", "guangzhou", "nanjing", "shanghai",
        "shanghai-fsi", "shenzhen-fsi",
    )
)  # fmt: skip


def nearest_region(text: str) -> str | None:
    """The region known at hand of which `text` may be a misspelling."""
    return nearest(text, REGIONS)
