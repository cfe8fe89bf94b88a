"""The words of messages to people, in English and Chinese."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Language = Literal["zh", "en"]

CHINA = timezone(timedelta(hours=8))


class Words(NamedTuple):
    """The words of one language."""

    groups: Mapping[str, str]  # the number of instances with each result
    goals: Mapping[frozenset[str], str]  # the final states, by action
    number: Callable[[int], str]
    machines: Callable[[int], str]
    listed: Callable[[list[str], int], str]
    comma: str
    place: str
    line: str
    reason: str
    problem: str
    more: str
    left_out: str
    requests: str
    moment: Callable[[datetime], str]
    footer: str
    failed_some: str
    failed: str
    done: str
    forecast: str
    reminder: str
    reminder_idle: str
    how_to_keep: str
    how_to_exclude: str
    how_to_arm: str
    no_calendar: str
    how_to_extend: str
    test: str
    test_line: str


_STOP, _START = frozenset({"stop"}), frozenset({"start"})


def _listed_en(names: list[str], count: int) -> str:
    more = count - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")


def _listed_zh(names: list[str], count: int) -> str:
    return "、".join(names) + (" 等" if count > len(names) else "")


WORDS: Mapping[Language, Words] = {
    "en": Words(
        groups={
            "stopped": "{} stopped",
            "started": "{} started",
            "would_stop": "{} would be stopped",
            "would_start": "{} would be started",
            "charged": "{} stopped, still charged",
            "gone": "{} gone",
            "kept": "{} left alone",
            "failed": "{} failed",
            "pending": "{} pending",
            "stuck": "{} stuck",
        },
        goals={_STOP: "stopped", _START: "started", _STOP | _START: "stopped or started"},
        number=lambda count: f"{count:,}",
        machines=lambda count: f"{count:,} machine{'s' * (count != 1)}",
        listed=_listed_en,
        comma=", ",
        place="{policy} in {where}",
        line="{mark} {place}: {many} ({ids})",
        reason="{line}: {reason}",
        problem="✗ {place}: {error}",
        more="… and {} more such lines",
        left_out="… (shortened; the log has it all)",
        requests="RequestIds of {action}: {ids}",
        moment=lambda at: f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC",
        footer="{moment}, by {trigger}, run {run}",
        failed_some="lightsout failed: {bad:,} of {machines} not confirmed {goal}",
        failed="lightsout failed",
        done="lightsout: {summary}",
        forecast="lightsout forecast: {summary}",
        reminder="lightsout is still in dry run, no machine is being stopped: {summary}",
        reminder_idle="lightsout is still in dry run, no machine is being stopped",
        how_to_keep="To keep a machine as it is, give it the tag keep-until with a date: {date}",
        how_to_exclude="{service} has no tags: to keep a machine there as it is, exclude it by its "
        "name or ID",
        how_to_arm=(
            "A dry run changes nothing. To make it act: lightsout deploy --arm. Where something "
            "else deployed it, set LIGHTSOUT_DRY_RUN=0 in the function's environment."
        ),
        no_calendar="lightsout: the holidays of {years} are missing",
        how_to_extend=(
            "Policies use workdays or holidays. In a year that the calendar does not cover, "
            "Monday to Friday count as workdays. As soon as the days are announced, name their "
            "file under `holidays:` in the policy file, check, and deploy."
        ),
        test="lightsout: a test message",
        test_line="This address gets a message when a run fails.",
    ),
    "zh": Words(
        groups={
            "stopped": "已关机 {}",
            "started": "已开机 {}",
            "would_stop": "将关机 {}",
            "would_start": "将开机 {}",
            "charged": "已关机但仍在计费 {}",
            "gone": "已不存在 {}",
            "kept": "保持不动 {}",
            "failed": "失败 {}",
            "pending": "未完成 {}",
            "stuck": "卡住 {}",
        },
        goals={_STOP: "关机", _START: "开机", _STOP | _START: "关机或开机"},
        number=lambda count: f"{count:,} 台",
        machines=lambda count: f"{count:,} 台机器",
        listed=_listed_zh,
        comma="，",
        place="{policy}（{where}）",
        line="{mark} {place}{many}：{ids}",
        reason="{line}，原因：{reason}",
        problem="✗ {place}：{error}",
        more="… 另有 {} 行类似情况",
        left_out="…（内容过长，其余见日志）",
        requests="{action} 的 RequestId：{ids}",
        moment=lambda at: f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}（北京时间）",
        footer="{moment}，触发方式 {trigger}，运行 ID {run}",
        failed_some="lightsout 运行失败：{machines}中有 {bad:,} 台未能确认{goal}",
        failed="lightsout 运行失败",
        done="lightsout：{summary}",
        forecast="lightsout 预告：{summary}",
        reminder="lightsout 仍在试运行，并未真正执行：{summary}",
        reminder_idle="lightsout 仍在试运行，尚未起到任何作用",
        how_to_keep="如需让某台机器保持现状，请为它打上标签 keep-until，值为日期，例如 {date}",
        how_to_exclude="{service} 没有标签：如需让某台机器保持现状，"
        "请在策略的 exclude 里写它的名称或 ID",
        how_to_arm=(
            "试运行只告知、不操作，目前没有任何机器受到管控。要让它真正生效，"
            "请运行 lightsout deploy --arm；函数是用其他方式部署的，"
            "则把环境变量 LIGHTSOUT_DRY_RUN 改为 0。"
        ),
        no_calendar="lightsout：缺少 {years} 年的节假日数据",
        how_to_extend=(
            "有策略按工作日或节假日执行。日历未覆盖的年份里，周一至周五一律按工作日处理。放假安排公布后，"
            "请在策略文件的 `holidays:` 中写上该年的数据文件，检查后重新部署。"
        ),
        test="lightsout 测试消息",
        test_line="看到这条消息，说明运行失败时这里会收到通知。",
    ),
}
