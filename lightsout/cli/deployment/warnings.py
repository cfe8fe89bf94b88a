"""Warnings of `check` about a valid serverless.yml."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lightsout.base.texts.suggest import near
from lightsout.cli.deployment.references import FROM_OUTSIDE
from lightsout.cli.deployment.requests import regions_unknown
from lightsout.cli.deployment.serverless_yml import (
    below,
    mapping_of,
    read_inputs,
    read_tree,
    variables_of,
)
from lightsout.cli.deployment.triggers import URL_FORM, each_of, not_ours, parameters_of
from lightsout.events.function_url import SECRET
from lightsout.policies.reading.yamltree import Complaints
from lightsout.policies.regions import REGIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lightsout.model.policy import Policy
    from lightsout.policies.reading.reader import Value
    from lightsout.policies.reading.yamltree import Mistake

# Prefixes of keys that the Tag service keeps for itself: product 651, document 13354, and its error
# codes. The deploying tool does not report the refusal.
RESERVED = ("project", "项目", "qcs:", "qcloud", "tencent")


def warnings_of_the_deployment(file: Path, policies: Sequence[Policy]) -> list[Mistake]:
    """Warnings of a file in which mistakes_of_the_deployment finds nothing."""
    warnings = Complaints(str(file))
    inputs = read_inputs(file, warnings)
    _warn_of_the_region(inputs, warnings)
    _warn_of_the_timeout(inputs, policies, warnings)
    _warn_of_what_has_no_effect(inputs, warnings)
    _warn_of_the_requests(inputs, policies, warnings)
    for events in below(read_tree(file, warnings), "inputs", "events"):
        for name in not_ours(events):
            what = "the function does not understand its events: each of them would be a failed run"
            warnings.add(name, f"{name.value}: {what}")
    for key, value in mapping_of(inputs, "tags").items():
        if key.startswith(RESERVED):
            what = f"the service keeps the tag key {key} for itself: it would not be set"
            warnings.add(value.key or value.at, f"{what} (did you mean managed-by?)")
    for url in each_of(inputs, "http"):
        _warn_of_the_url(inputs, url, warnings)
    return warnings.listed()


def _warn_of_the_region(inputs: dict[str, Value], warnings: Complaints) -> None:
    region = inputs.get("region")
    if region and region.it not in REGIONS and not FROM_OUTSIDE.search(region.it):
        text = f"region {region.it} is not in the list at hand"
        warnings.add(region.at, text, partial(near, region.it, REGIONS))


def _warn_of_the_timeout(
    inputs: dict[str, Value], policies: Sequence[Policy], warnings: Complaints
) -> None:
    timeout = inputs.get("timeout")
    longest = max(policies, key=lambda policy: policy.verify_timeout)
    if timeout and timeout.it <= longest.verify_timeout:
        warnings.add(
            timeout.at,
            f"timeout {timeout.it} s: {longest.name} verifies for up to "
            f"{longest.verify_timeout:g} s, so a slow stop may not be seen",
        )


def _warn_of_what_has_no_effect(inputs: dict[str, Value], warnings: Complaints) -> None:
    of_a_kind = "type" in inputs and "asyncRunEnable" in inputs and inputs["asyncRunEnable"].it
    for name in ("retryNum", "msgTTL"):
        if name in inputs and not of_a_kind:
            what = "no effect without type: event and asyncRunEnable: true"
            warnings.add(inputs[name].at, f"{name}: {what}")
    if "ignoreTriggers" in inputs and inputs["ignoreTriggers"].it:
        warnings.add(
            inputs["ignoreTriggers"].at, "ignoreTriggers: no timer is made, changed or deleted"
        )


def _warn_of_the_requests(
    inputs: dict[str, Value], policies: Sequence[Policy], warnings: Complaints
) -> None:
    """Warn of regions that only a policy for all regions could have, and that may be misspelt."""
    known = {*REGIONS, *(region for policy in policies for region in policy.regions)}
    for timer in parameters_of(inputs, "timer"):
        if "argument" in timer:
            for name in regions_unknown(timer["argument"], known):
                text = f"argument: region {name} is not in the list at hand{near(name, REGIONS)}"
                warnings.add(timer["argument"].at, text)


def _warn_of_the_url(inputs: dict[str, Value], url: Value, warnings: Complaints) -> None:
    """Warn of a function URL without a network or a secret, or one that a deploy makes anew."""
    at, parameters = url.at, mapping_of(url.it, "parameters")
    net = mapping_of(parameters, "netConfig")
    if not any(value.it for value in net.values()):
        warnings.add(at, f"http: nobody can reach it without enableExtranet: {URL_FORM}")
    if "qualifier" not in parameters:
        warnings.add(
            at, "http: without a qualifier the next deploy does not find it, and makes another"
        )
    if "authType" in parameters and parameters["authType"].it == "CAM":
        what = f"its signature takes the header in which {SECRET} has to stand: write NONE"
        warnings.add(parameters["authType"].at, f"authType CAM: {what}")
    if SECRET not in variables_of(inputs):
        warnings.add(at, f"http: without {SECRET} among the variables it refuses every request")
