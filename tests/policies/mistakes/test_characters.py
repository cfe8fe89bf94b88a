"""A selector that could match nothing is a mistake that names the character and its place."""

from __future__ import annotations

import re
import unicodedata

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lightsout.policies.load import PolicyMistakes, load
from lightsout.policies.mistakes.characters import FORBIDDEN, ODD, name
from lightsout.policies.reading import yamltree as yamltext
from lightsout.policies.reading.reader import Reader
from lightsout.policies.schema.policy_file import FILE
from lightsout.policies.schema.texts import TAG_KEY, TAG_VALUE
from tests.support.examples import examples

LOADERS = [yaml.BaseLoader, *([yaml.CBaseLoader] if yaml.__with_libyaml__ else [])]
POLICY = """\
version: 1
policies:
  - name: dev
    resource: lighthouse
    regions: [ap-guangzhou]
    match:
      tags: {tags}
    exclude:
      tags: {exclude}
"""
PLAIN = """\
version: 1
timezone: Asia/Shanghai
policies:
  - name: dev
    resource: lighthouse
    regions:
      - ap-guangzhou
    match:
      tags:
        env: [dev, test]
        auto-stop: "*"
    exclude:
      instances: [lhins-0a1b2c3d]
    when:
      days: [mon, tue]
      between: ["20:00", "23:00"]
      enforce: true
"""
HIDDEN = ["\u00a0", "\u3000", "\u200b", "\u2003", "\u00ad", "\u2060", "\ufeff", "\u3164"]


@pytest.fixture
def told(tmp_path):
    """The mistakes in such selectors, or else the warnings, without the path."""

    def told(tags="{env: dev}", exclude="{}"):
        file = tmp_path / "a.yml"
        file.write_text(POLICY.format(tags=tags, exclude=exclude), "utf-8")
        try:
            found = load(file).warnings
        except PolicyMistakes as caught:
            return [str(it).removeprefix(f"{file}:") for it in caught.mistakes]
        return [str(it).replace(f"{file}:", "warning:") for it in found]

    return told


@pytest.mark.parametrize(
    ("exclude", "place", "says"),
    [
        ('{role: "bastion "}', "9:28", "ends with U+0020 space"),
        ('{role: " bastion"}', "9:21", "begins with U+0020 space"),
        ("{role: bastion\u00a0}", "9:27", "ends with U+00A0 no-break space"),
        ("{role: bas\u200btion}", "9:23", "has U+200B zero width space"),
        ("{role: bas\u3000tion}", "9:23", "has U+3000 ideographic space"),
        ("{role: “bastion”}", "9:20", "begins with U+201C left double quotation mark"),
        ("{role: 「bastion」}", "9:20", "begins with U+300C left corner bracket"),
        ('{role: "it\'s"}', "9:23", "has U+0027 apostrophe"),
        ("{role: a，b}", "9:21", "has U+FF0C fullwidth comma"),
        ("{role: [ci, a，b]}", "9:26", "has U+FF0C fullwidth comma"),
        ('{role: "a&b"}', "9:22", "has U+0026 ampersand"),
        ('{role: "~"}', "9:21", "begins with U+007E tilde"),
        ("{role\u3000: x}", "9:18", "ends with U+3000 ideographic space"),
        ('{"role#": x}', "9:19", "has U+0023 number sign"),
        ('{"ro*": x}', "9:17", "has U+002A asterisk"),
        (r'{role: "a\u00a0b"}', "9:20", "has U+00A0 no-break space"),
    ],
)
def test_what_no_tag_can_have_is_named_with_its_place(told, exclude, place, says):
    (mistake,) = told(exclude=exclude)
    assert mistake.startswith(f"{place}: ")
    assert f": it {says}, which no tag can have" in mistake


def test_match_is_read_as_strictly_as_exclude(told):
    (mistake,) = told(tags='{env: "dev "}')
    assert mistake == (
        "7:23: env wants a text or a list of texts, not 'dev ': it ends with U+0020 space, "
        "which no tag can have: delete it (did you mean dev?)"
    )


KEY, VALUE = "k" * 127, "v" * 255


def test_a_tag_of_the_longest_that_the_service_takes_passes_and_a_longer_one_does_not(told):
    assert told(tags=f"{{{KEY}: {VALUE}}}", exclude=f"{{{'键' * 127}: '{'*v' * 255}*'}}") == []
    (mistake,) = told(exclude=f"{{{KEY}k: x}}")
    assert "a tag key of 1 to 127 characters" in mistake
    assert mistake.endswith(": it has 128 characters")
    (mistake,) = told(exclude=f"{{role: {VALUE}v}}")
    assert mistake.endswith(": it has 256 characters")
    (mistake,) = told(exclude=f"{{role: [x, '{'*v' * 256}']}}")
    assert "a tag value of up to 255 characters" in mistake


@pytest.mark.parametrize(
    "trigger",
    [
        '{source: "a.cloud.tencent ", type: "*"}',
        '{source: "＊.cloud.tencent", type: "*"}',
        '{source: "*", type: "cvm：ErrorEvent"}',
        '{source: "*", type: "cvm\u200b"}',
        '{source: “*”, type: "*"}',
        '{source: "*", type: ""}',
    ],
)
def test_a_trigger_that_no_event_can_meet_is_a_mistake(tmp_path, trigger):
    file = tmp_path / "a.yml"
    text = POLICY.format(tags="{env: dev}", exclude="{}")
    file.write_text(f"{text}    triggered_by: [{trigger}]\n", "utf-8")
    with pytest.raises(PolicyMistakes, match="wants a text, wildcards allowed, not"):
        load(file)


@pytest.mark.parametrize(
    "tags",
    [
        '{env: ["*", "dev-?", "", a b, "a,b"]}',
        "{'tencentcloud:autoscaling:auto-scaling-group-id': asg-1, 'qcs:x': y, 项目: 甲}",
        "{中文【一】: '(a) [b]; <c> + = . _ : / @ -'}",
    ],
)
def test_wildcards_the_empty_text_the_documented_alphabet_and_the_systems_own_keys_pass(told, tags):
    assert told(tags=tags) == []


@pytest.mark.parametrize(
    ("tags", "place", "sign"),
    [
        ("{env: bastion！}", "7:13", "U+FF01 fullwidth exclamation mark"),
        ("{ｅnv: x}", "7:14", "U+FF45 fullwidth latin small letter e"),
        ("{env: [dev, тест]}", "7:19", "U+0442 cyrillic small letter te"),
        ("{env: ＊}", "7:13", "U+FF0A fullwidth asterisk"),
    ],
)
def test_other_letters_outside_of_the_documented_alphabet_are_a_warning(told, tags, place, sign):
    (warning,) = told(tags=tags)
    assert warning.startswith("warning:")
    assert sign in warning
    assert ("did you mean" in warning) == ("ｅ" in tags), "a wide star is not taken for a wildcard"


def test_the_character_is_told_at_its_own_place_and_with_the_right_word(tmp_path):
    file = tmp_path / "a.yml"
    file.write_text(PLAIN.replace("    resource:", "    \u3000resource:"), "utf-8")
    with pytest.raises(PolicyMistakes) as caught:
        load(file)
    assert str(caught.value) == (
        f"{file}:5:5: unknown key '\\u3000resource': it begins with U+3000 ideographic space"
        ": type a space (did you mean resource?)"
    )


def read_with(loader, text):
    complaints = yamltext.Complaints("a.yml")
    root = yamltext.read(text.encode(), complaints, loader)
    if root is not None:
        Reader(complaints).read(FILE, root, "the file")
    return complaints.listed()


@st.composite
def mistyped(draw):
    """The plain file with a hidden character in an indentation, or beside a key or its colon."""
    lines, sign = PLAIN.splitlines(), draw(st.sampled_from(HIDDEN))
    number = draw(st.integers(1, len(lines) - 1))
    indent, dash, key, colon, rest = re.fullmatch(
        r"( *)(- )?([\w-]*)(:?)(.*)", lines[number]
    ).groups(default="")
    lines[number] = draw(
        st.sampled_from(
            [
                f"{sign * len(indent)}{dash}{key}{colon}{rest}",
                f"{indent[:-1]}{sign}{dash}{key}{colon}{rest}",
                f"{indent}{sign}{dash}{key}{colon}{rest}",
                f"{indent}{dash}{sign}{key}{colon}{rest}",
                f"{indent}{dash}{key}{sign}{colon}{rest}",
                f"{indent}{dash}{key}{colon}{sign}{rest.strip()}",
            ]
        )
    )
    return "\n".join(lines) + "\n", sign


@given(mistyped())
@settings(max_examples=examples(300), deadline=None)
def test_a_hidden_character_among_the_keys_is_always_named_by_either_parser(case):
    text, sign = case
    if sign not in text:  # where there was no indentation to put it into
        return
    said = [[str(it) for it in read_with(loader, text)] for loader in LOADERS]
    for lines in said:
        assert [it for it in lines if name(sign) in it], (text, lines)
    places = {
        tuple(it.split(": ")[0] for it in lines) for lines in said if "not YAML" not in str(lines)
    }
    assert len(places) <= 1


KEYBOARD = {
    ":": "：", ",": "，", "[": "［", "]": "］", "{": "｛", "}": "｝", '"': "“", "-": "－",
    " ": "\u3000", "0": "０", "1": "１", "2": "２", "3": "３", "9": "９",
}  # fmt: skip
TYPED = PLAIN.replace("timezone: Asia/Shanghai\n", "timezone: UTC\n") + (
    "    limits: {max_instances: 10}\n    description: 他说：“好”，（是）\n"
)
PLACES = [
    at
    for at, sign in enumerate(TYPED[: TYPED.index("    description")])
    # These two may be part of a tag, and are a warning.
    if sign in KEYBOARD and at not in (TYPED.index("auto-stop") + 4, TYPED.index("[dev"))
]


@pytest.mark.parametrize("loader", LOADERS)
def test_each_character_of_a_chinese_keyboard_is_named_at_its_place_with_what_to_type(loader):
    wrong = []
    for at in PLACES:
        text = TYPED[:at] + KEYBOARD[TYPED[at]] + TYPED[at + 1 :]
        place = f"{text[:at].count(chr(10)) + 1}:{at - text.rfind(chr(10), 0, at)}: "
        typed = {" ": "a space"}.get(TYPED[at], TYPED[at])
        told = [str(it).removeprefix("a.yml:") for it in read_with(loader, text)]
        named = [it for it in told if name(KEYBOARD[TYPED[at]]) in it and it.startswith(place)]
        if not any(f": type {typed}" in it or ": delete it" in it for it in named):
            wrong.append((text[:at].splitlines()[-1:], TYPED[at], told))
    assert wrong == []


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("line", ["policies: [a", "x: {b", "x: y: z", "'a", "x: 'a", "]"])
def test_a_character_that_has_nothing_to_do_with_the_mistake_is_not_blamed(loader, line):
    """A description may hold any of them."""
    text = f"version: 1\ndescription: 他说：“好”，（是）－０　！\n{line}\n"
    told = [str(it) for it in read_with(loader, text)]
    assert [it for it in told if "not YAML" in it]
    assert not [it for it in told if "U+" in it], told


odd_texts = st.text(
    st.characters(codec="utf-8") | st.sampled_from("*?“，\u3000\u200b ~'a中"), max_size=6
)


@given(odd_texts)
@settings(max_examples=examples(300))
def test_a_tag_that_is_taken_has_no_blank_at_an_end_and_nothing_invisible(text):
    bad = [it for it in text if re.match(f"[{ODD}{re.escape(FORBIDDEN)}]", it)]
    good = not bad and text == text.strip(" ")
    assert TAG_VALUE.takes(text) is good
    assert TAG_KEY.takes(text) is (good and text != "" and not set(text) & set("*?"))


def test_what_is_invisible_is_taken_from_unicodes_own_lists():
    # These are of its kind «format», and yet to be seen.
    seen = re.compile(r"[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd]")
    odd = re.compile(f"[{ODD}]")
    hidden = {"Cc", "Cf", "Zs", "Zl", "Zp"}
    missed = [
        name(sign)
        for sign in map(chr, range(0x110000))
        if sign != " " and unicodedata.category(sign) in hidden
        if not odd.match(sign) and not seen.match(sign)
    ]
    assert missed == []
