"""Write tags onto instances, with the Tag service, which serves all services and regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lightsout.cloud.sdk import LONGEST_NAME, CallFailed, one_line
from lightsout.model.api import Api
from lightsout.model.resources.instance import dicts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightsout.cloud.client import Cloud
    from lightsout.model.resources.resource import Site

TAG = Api("tag", "2018-08-13")
WRITE = "TagResources"
MOST = 10  # resources of one call


class Tagged(NamedTuple):
    """An accepted call of TagResources, and the instances that it did not tag."""

    request_id: str
    failed: dict[str, CallFailed]  # by instance ID


def tag_instances(
    cloud: Cloud, site: Site, ids: Sequence[str], tag: tuple[str, str], patience: float
) -> Tagged:
    """Write the tag (key and value) onto at most MOST instances; overwrite another value.

    https://cloud.tencent.com/document/api/651/35322. Raises CallFailed where none is tagged.
    """
    key, value = tag
    params = {
        "ResourceList": [resource_name(site, id_, cloud.uin) for id_ in ids],
        "Tags": [{"TagKey": key, "TagValue": value}],
    }
    answer = cloud.call(TAG.call(cloud.home, WRITE), params, patience=patience)
    failed: dict[str, CallFailed] = {}
    for item in dicts(answer.get("FailedResources")):
        code, message = str(item.get("Code"))[:LONGEST_NAME], one_line(str(item.get("Message")))
        id_ = str(item.get("Resource")).rpartition("/")[2]
        # If it names none of ours, it may be about any of them.
        for one in [id_] if id_ in ids else ids:
            failed[one] = CallFailed(WRITE, code, message)
    return Tagged(str(answer.get("RequestId", "")), failed)


def resource_name(site: Site, id_: str, uin: str) -> str:
    """The six-segment name of an instance; without `uin`, in the caller's account.

    https://cloud.tencent.com/document/product/598/10606
    """
    account = f"uin/{uin}" if uin else ""
    return f"qcs::{site.resource.api.service}:{site.region}:{account}:{site.resource.called}/{id_}"
