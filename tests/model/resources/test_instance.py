"""An instance, as it is kept of what a service shows."""

from __future__ import annotations

from lightsout.model.resources.instance import read_instance


def read(number):
    tags = [{"Key": "env", "Value": "dev"}, {"Key": "owner", "Value": "alice"}]
    item = {"InstanceId": f"lhins-{number:08x}", "InstanceState": "RUNN" + "ING", "Tags": tags}
    return read_instance(item)


def test_equal_tags_of_tens_of_thousands_of_instances_are_kept_once():
    assert read(1).tags is read(2).tags
