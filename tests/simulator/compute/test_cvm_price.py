"""InquiryPriceRunInstances: what an instance would cost by the hour."""

from __future__ import annotations

import pytest


@pytest.fixture
def price(cvm):
    def price(size=50, kind="S5.MEDIUM4", **facts):
        asked = {
            "Placement": {"Zone": "ap-guangzhou-3"},
            "ImageId": "img-22trbn9x",
            "InstanceType": kind,
            "SystemDisk": {"DiskType": "CLOUD_PREMIUM", "DiskSize": size},
        }
        return cvm("InquiryPriceRunInstances", **(asked | facts))["Price"]["InstancePrice"]

    return price


def test_it_falls_the_longer_one_runs_and_has_a_discount(price, world):
    world.prices["S5.LARGE8"] = 2.0

    told = price(kind="S5.LARGE8", size=100)

    assert told["ChargeUnit"] == "HOUR"
    assert [told[f"UnitPrice{step}"] for step in ("", "SecondStep", "ThirdStep")] == [
        2.05, 1.05, 0.73,
    ]  # fmt: skip
    assert told["UnitPriceDiscount"] == 1.84
    assert told["OriginalPrice"] == told["DiscountPrice"] == 0


def test_the_disk_is_in_it_and_so_is_every_instance(price):
    assert price(size=500)["UnitPrice"] == round(price(size=50)["UnitPrice"] + 450 * 0.0005, 2)
    assert price(InstanceCount=10)["UnitPrice"] == pytest.approx(3.65)


def test_what_it_has_no_price_for_is_refused(cvm):
    def refused(**facts):
        asked = {"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-22trbn9x"} | facts
        return cvm.refused("InquiryPriceRunInstances", **asked)[0]

    assert refused(Placement={"Zone": "ap-shanghai-2"}) == "InvalidZone.MismatchRegion"
    assert refused(InstanceChargeType="PREPAID") == "InvalidParameterValue"
    assert refused(SystemDisk={"DiskType": "FLOPPY"}) == "InvalidParameterValue"
    assert refused(Placement={}) == "MissingParameter"
    assert cvm.refused("InquiryPriceRunInstances")[0] == "MissingParameter"
