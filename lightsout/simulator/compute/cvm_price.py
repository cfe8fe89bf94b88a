"""The prices of new instances at CVM: InquiryPriceRunInstances, by the hour only.

The form is that of the official examples for POSTPAID_BY_HOUR: every member is there, those that do
not apply are 0, and prices have two decimals. The sums are invented; their structure is not:
- The price by the hour falls to 50 % after 96 hours and to 34 % after 360, and only that of CPU and
  memory does (https://www.tencentcloud.com/zh/document/product/213/2176).
- No page says whether InstancePrice includes the disks. Here it does, which is the harder case for
  a caller that wants the price without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightsout.simulator.access.rights import require_right
from lightsout.simulator.base.answer import Answer
from lightsout.simulator.base.errors import ApiError
from lightsout.simulator.machines.rules import require_word

if TYPE_CHECKING:
    from lightsout.simulator.base.service import Asked

USUAL = 0.34  # CNY an hour for CPU and memory, on the first step
STEPS = {"": 1.0, "SecondStep": 0.5, "ThirdStep": 0.34}
DISKS = {"CLOUD_PREMIUM": 0.0005, "CLOUD_SSD": 0.0014}  # CNY an hour for each GB
DEFAULT_SIZE = 50  # GB
DISCOUNT = 0.9

ZEROS = (
    "OriginalPrice", "DiscountPrice", "OriginalPriceOneYear", "DiscountPriceOneYear",
    "DiscountOneYear", "OriginalPriceThreeYear", "DiscountPriceThreeYear", "DiscountThreeYear",
    "OriginalPriceFiveYear", "DiscountPriceFiveYear", "DiscountFiveYear", "Discount",
)  # fmt: skip


def inquire_price(asked: Asked) -> Answer:
    """The price of InstanceCount instances, with their system disk."""
    require_right(asked, "InquiryPriceRunInstances")
    require_word(asked, "InstanceChargeType", ("POSTPAID_BY_HOUR",), "InvalidParameterValue")
    zone = asked.params["Placement"]["Zone"]
    if not zone.startswith(f"{asked.region}-"):
        raise ApiError("InvalidZone.MismatchRegion", f"The zone `{zone}` is not in this region.")
    disk = asked.params.get("SystemDisk", {})
    rate = DISKS.get(disk.get("DiskType", "CLOUD_PREMIUM"))
    if rate is None:
        raise ApiError("InvalidParameterValue", "The parameter `DiskType` is not supported.")
    machine = asked.world.prices.get(asked.params.get("InstanceType", ""), USUAL)
    count = asked.params.get("InstanceCount", 1)
    disks = count * rate * disk.get("DiskSize", DEFAULT_SIZE)
    return Answer(
        {"Price": {"InstancePrice": _item(count * machine, disks), "BandwidthPrice": _item(0, 0)}}
    )


def _item(machine: float, disks: float) -> dict[str, Any]:
    prices: dict[str, Any] = dict.fromkeys(ZEROS, 0.0)
    for step, share in STEPS.items():
        price = machine * share + disks
        prices[f"UnitPrice{step}"] = round(price, 2)
        prices[f"UnitPriceDiscount{step}"] = round(price * DISCOUNT, 2)
    return prices | {"ChargeUnit": "HOUR"}
