"""The known regions, to find misspelt ones. Others may be new: the API decides."""

from __future__ import annotations

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

# The regions that accounts of the international site do not have.
MAINLAND = frozenset(
    f"ap-{place}"
    for place in (
        "beijing", "beijing-fsi", "chengdu", "chongqing", "guangzhou", "nanjing", "shanghai",
        "shanghai-fsi", "shenzhen-fsi",
    )
)  # fmt: skip


def region_meant(text: str) -> str | None:
    """The known region that `text` misspells, or whose city it names: `guangzhou`."""
    from lightsout.base.texts.suggest import typo_of  # noqa: PLC0415  only a mistake pays for it

    by_place = {name.partition("-")[2]: name for name in REGIONS}
    return by_place.get(text.lower()) or typo_of(text, REGIONS)
