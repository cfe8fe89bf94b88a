"""The price of an hour: asked of CVM without the disks, kept for a month, or written down."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from lightsout.base.endpoint import Endpoint
from lightsout.cli import WrongUse
from lightsout.cli.calls.clouds import open_clouds
from lightsout.cli.savings.pricefile import read_price_list
from lightsout.cli.savings.prices import Cache, Model, ask_price, asked_prices
from lightsout.cloud.sdk import CallFailed
from lightsout.model.resources.resource import OWN
from lightsout.settings import read_settings

REGION = "ap-guangzhou"
MODEL = Model("ap-guangzhou-3", "S5.MEDIUM4", "img-22trbn9x", "CLOUD_PREMIUM")


@pytest.fixture
def cloud(stage):
    settings = read_settings(stage.environ, stage.folder)
    return open_clouds(settings, stage.surroundings(), lambda _: None)[OWN]


@pytest.mark.parametrize("disk", ["CLOUD_PREMIUM", "CLOUD_SSD"])
def test_the_price_is_the_lowest_step_with_the_discount_and_without_the_disk(stage, cloud, disk):
    stage.world.prices["S5.MEDIUM4"] = 2.0

    price = ask_price(cloud, REGION, MODEL._replace(disk=disk))

    assert price == pytest.approx(2.0 * 0.34 * 0.9, abs=0.01)
    assert [call.params["SystemDisk"]["DiskSize"] for call in stage.sim.journal] == [50, 500]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"UnitPrice": 0.5, "UnitPriceDiscount": 0.0}, 0.5),
        ({"UnitPrice": 0.5, "UnitPriceSecondStep": 0.25, "UnitPriceThirdStep": 0}, 0.25),
        ({"UnitPrice": 0.5, "UnitPriceDiscount": 0.4, "UnitPriceThirdStep": 0.1}, 0.4),
    ],
    ids=["no discount", "two steps", "a discount counts before a step without"],
)
def test_what_is_not_told_is_no_price(mocker, told, expected):
    answer = {"Price": {"InstancePrice": told | {"ChargeUnit": "HOUR"}}}
    cloud = mocker.Mock(**{"call.return_value": answer})

    assert ask_price(cloud, REGION, MODEL) == expected


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"Price": None},
        {"Price": {"InstancePrice": {"ChargeUnit": "GB", "UnitPrice": 0.8}}},
        {"Price": {"InstancePrice": {"ChargeUnit": "HOUR"}}},
        {"Price": {"InstancePrice": {"ChargeUnit": "HOUR", "UnitPrice": "0.8"}}},
    ],
)
def test_an_answer_without_a_price_by_the_hour_is_none(mocker, answer):
    with pytest.raises(CallFailed, match="no price by the hour"):
        ask_price(mocker.Mock(**{"call.return_value": answer}), REGION, MODEL)


def test_a_machine_cheaper_than_its_disk_is_not_believed(mocker):
    sizes = iter([{"UnitPrice": 0.01}, {"UnitPrice": 1.0}])
    answers = ({"Price": {"InstancePrice": it | {"ChargeUnit": "HOUR"}}} for it in sizes)

    with pytest.raises(CallFailed, match=r"0\.01 with a disk of 50 GB, 1\.0 with 500 GB"):
        ask_price(mocker.Mock(**{"call.side_effect": answers}), REGION, MODEL)


# Kept --------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path):
    return lambda: Cache({"XDG_CACHE_HOME": str(tmp_path)}, tmp_path, Endpoint())


def test_a_price_is_kept_for_thirty_days(cache, stage):
    now = stage.clock.now()
    one = cache()
    one.put(MODEL, 0.21, now)
    one.save()

    assert cache().get(MODEL, now + timedelta(days=29)) == 0.21
    assert cache().get(MODEL, now + timedelta(days=31)) is None
    assert cache().get(MODEL, now - timedelta(days=2)) is None, "the clock was wrong, then or now"
    assert cache().get(MODEL._replace(zone="ap-guangzhou-6"), now) is None


def test_prices_of_one_place_are_not_those_of_another(tmp_path, stage):
    now, places = stage.clock.now(), [{}, {"host": "127.0.0.1:9000"}]
    places += [{"root_domain": "intl.tencentcloudapi.com"}]
    for number, place in enumerate(places):
        cache = Cache({}, tmp_path, Endpoint(**place))
        cache.put(MODEL, float(number), now)
        cache.save()

    found = [Cache({}, tmp_path, Endpoint(**place)).get(MODEL, now) for place in places]
    assert found == [0.0, 1.0, 2.0]
    assert (tmp_path / ".cache/lightsout/prices.json").exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"tencentcloudapi.com/ap-guangzhou-3/S5.MEDIUM4": {"per_hour": -1}}']
)
def test_a_cache_that_cannot_be_read_is_written_anew(tmp_path, cache, stage, text):
    (tmp_path / "lightsout").mkdir()
    (tmp_path / "lightsout/prices.json").write_text(text)
    one = cache()
    assert one.get(MODEL, stage.clock.now()) is None

    one.put(MODEL, 0.21, stage.clock.now())
    one.save()

    kept = json.loads((tmp_path / "lightsout/prices.json").read_text())
    key = "tencentcloudapi.com/ap-guangzhou-3/S5.MEDIUM4"
    assert kept[key] == {"per_hour": 0.21, "asked": "2026-11-23"}


def test_machines_of_one_type_and_zone_are_asked_for_once(stage, cloud, cache, mocker):
    site = mocker.Mock(region=REGION)
    models = {mocker.Mock(site=site): MODEL for _ in range(5)}
    now = stage.clock.now()

    one = cache()
    prices = asked_prices(cloud, models, Endpoint(), one, now)

    assert len(prices.of) == 5
    assert prices.currency == "CNY"
    assert len(stage.calls("InquiryPriceRunInstances")) == 2
    one.save()
    asked_prices(cloud, models, Endpoint(), cache(), now)
    assert len(stage.calls("InquiryPriceRunInstances")) == 2


def test_a_type_without_a_price_is_asked_for_once_and_costs_the_others_nothing(
    stage, cloud, cache, mocker
):
    site = mocker.Mock(region=REGION)
    bad = MODEL._replace(zone="ap-shanghai-2")
    models = {mocker.Mock(site=site): model for model in (bad, bad, MODEL)}

    prices = asked_prices(cloud, models, Endpoint(), cache(), stage.clock.now())

    assert len(prices.of) == 1
    (problem,) = prices.problems
    assert problem.startswith("S5.MEDIUM4 in ap-shanghai-2: InquiryPriceRunInstances: InvalidZone")
    assert len(stage.calls("InquiryPriceRunInstances")) == 3


def test_the_international_site_tells_dollars(cloud, cache, stage):
    endpoint = Endpoint(root_domain="intl.tencentcloudapi.com")

    assert asked_prices(cloud, {}, endpoint, cache(), stage.clock.now()).currency == "USD"


# Written down ------------------------------------------------------------------------------------


@pytest.fixture
def listed(tmp_path):
    def listed(text):
        file = tmp_path / "prices.yml"
        file.write_text(text, encoding="utf-8")
        return read_price_list(str(file))

    return listed


@pytest.mark.parametrize(
    "text",
    [
        "currency: CNY\nper_hour:\n  S5.MEDIUM4: 0.21\n  ins-0a1b2c3d: 0.4\n",
        '{"currency": "CNY", "per_hour": {"S5.MEDIUM4": 0.21, "ins-0a1b2c3d": 0.4}}',
    ],
    ids=["YAML", "JSON"],
)
def test_a_price_list_is_by_type_or_by_instance(listed, text):
    prices = listed(text)

    assert prices.currency == "CNY"
    assert prices.of("ins-00000001", "S5.MEDIUM4") == 0.21
    assert prices.of("ins-0a1b2c3d", "S5.MEDIUM4") == 0.4
    assert prices.of("ins-0a1b2c3d", "") == 0.4
    assert prices.of("ins-00000001", "SA2.MEDIUM4") is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "1:1: wants currency: CNY and per_hour"),
        ("currency: CNY\n", "1:1: wants both"),
        ("currency: CNY\nper_hour: 0.21\n", "2:11: wants S5.MEDIUM4: 0.21"),
        ("per_hour: {S5.MEDIUM4: cheap}\n", "'S5.MEDIUM4' wants a price an hour such as 0.21"),
        ("per_hour: {S5.MEDIUM4: -1}\n", "wants a price an hour"),
        ("per_hour: {S5.MEDIUM4: nan}\n", "wants a price an hour"),
        ("per_hour: {A: 1, A: 2}\n", "'A' stands here twice"),
        ("currency: CNY\nS5.MEDIUM4: 0.21\n", "2:1: 'S5.MEDIUM4': wants currency: CNY"),
        ("currency: [CNY]\nper_hour: {A: 1}\n", "1:1: 'currency': wants"),
        ("currency: &a CNY\n", "anchors (&a) are not allowed"),
    ],
)
def test_every_mistake_is_told_with_its_place(listed, text, what):
    with pytest.raises(WrongUse) as mistake:
        listed(text)

    assert what in str(mistake.value)
    assert "prices.yml:" in str(mistake.value)
