"""Laws for any two states: nothing begins to act, no pause ends, no right grows unseen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lightsout.cli.deploy.steps.function import variables_for
from lightsout.cli.deploy.steps.role import same, widens
from lightsout.cli.deploy.values import (
    DRY_RUN,
    PAUSED,
    Configuration,
    LiveFunction,
    Release,
    Wanted,
    may_act,
    read_release,
)
from lightsout.simulator.access.cam import grants

SETTINGS = Configuration("role", 64, 900, None, internet=True, fixed_ip=False, description="")
VARIABLES = st.dictionaries(
    st.sampled_from([DRY_RUN, PAUSED, "TEAM", "LIGHTSOUT_NOTIFY"]),
    st.sampled_from(["0", "1", "", "yes", "2027-02-20"]),
)
ACTIONS = ["lighthouse:StopInstances", "lighthouse:StartInstances", "cvm:StopInstances"]
RESOURCES = ["qcs::lighthouse:ap-x::instance/*", "qcs::lighthouse:ap-x::instance/a",
             "qcs::cvm:ap-x::instance/*"]  # fmt: skip
STATEMENT = st.fixed_dictionaries(
    {
        "effect": st.sampled_from(["allow", "allow", "deny"]),
        "action": st.lists(st.sampled_from([*ACTIONS, "lighthouse:*", "*"]), min_size=1),
        "resource": st.lists(st.sampled_from([*RESOURCES, "*"]), min_size=1),
    },
    optional={"condition": st.just({"string_equal": {"qcs:ip": ["1.2.3.4"]}})},
)
DOCUMENT = st.fixed_dictionaries(
    {"version": st.just("2.0"), "statement": st.lists(STATEMENT, max_size=3)}
)
ALLOWING = DOCUMENT.filter(lambda it: all(_is_plain(each) for each in it["statement"]))


def _is_plain(statement):
    return statement["effect"] == "allow" and "condition" not in statement


def wanted(variables):
    return Wanted("it", "default", "ap-x", "Python3.10", "handler.main_handler", SETTINGS,
                  variables, {}, (), None, {}, {}, Release("1", "a", "b"))  # fmt: skip


def there(variables):
    return LiveFunction(
        status="Active",
        why="",
        in_arrears=False,
        runtime="Python3.10",
        handler="handler.main_handler",
        configuration=SETTINGS,
        variables=variables,
        tags={},
        triggers=(),
        other_triggers=(),
        log=("", ""),
        log_of_platform=True,
        release=None,
        code="",
        retries=2,
        seconds_kept=3600,
    )


@given(file=VARIABLES, live=VARIABLES, prune=st.booleans())
def test_no_deploy_makes_a_function_act_that_did_not(file, live, prune):
    after = variables_for(wanted(file), there(live), prune=prune)

    assert may_act(live) or not may_act(after)


@given(file=VARIABLES, live=VARIABLES, prune=st.booleans())
def test_no_deploy_ends_a_pause_that_the_file_says_nothing_of(file, live, prune):
    after = variables_for(wanted(file), there(live), prune=prune)

    if PAUSED in live and PAUSED not in file:
        assert after[PAUSED] == live[PAUSED]


@given(file=VARIABLES, live=VARIABLES, prune=st.booleans())
def test_a_second_deploy_changes_no_variable(file, live, prune):
    once = variables_for(wanted(file), there(live), prune=prune)

    assert variables_for(wanted(file), there(once), prune=prune) == once


@given(file=VARIABLES, live=VARIABLES)
def test_without_a_pruning_no_variable_is_lost(file, live):
    assert variables_for(wanted(file), there(live), prune=False).keys() == file.keys() | live.keys()


@st.composite
def an_old_and_a_new_document(draw):
    """Any two; or an old one that has the statements of the new one and others."""
    old, new = draw(DOCUMENT | ALLOWING), draw(ALLOWING)
    if draw(st.booleans()):
        old = {**old, "statement": old["statement"] + new["statement"]}
    return old, new


@given(an_old_and_a_new_document())
def test_what_is_said_not_to_widen_grants_nothing_that_was_not_granted(documents):
    """Held against what the simulator grants, which reads documents by itself."""
    old, new = documents
    if not widens(old, new):
        for action in ACTIONS:
            for resource in (*RESOURCES, None):
                if grants(new, action, resource, {}):
                    assert grants(old, action, resource, {}), (action, resource)


@given(document=ALLOWING)
def test_a_document_is_the_same_as_itself_in_any_order(document):
    turned = {**document, "statement": document["statement"][::-1]}

    assert same(document, turned) is bool(document["statement"])


@given(
    text=st.text(st.characters(exclude_categories=["C"]), max_size=50),
    code=st.text("0123456789abcdef", max_size=32),
)
def test_a_description_is_read_as_it_was_written(text, code):
    release = Release("1.2.3", "0d1f2e3a4b5c", "9f86d081", code)
    text = text.strip()

    assert read_release(release.written_after(text)) == (text, release)
