"""The words of the page, in English and in Chinese."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightsout.cli.savings.claims import Claim

EN = {
    "title": "lightsout report",
    "made": "made {when}",
    "log from": "from the log lines of {first} to {last}",
    "no lines": "no log line was read",
    "times are": "Times are those of {zone}, unless another zone stands beside them.",
    "not shown": "Not known here",
    "go": "Sections",
    # status
    "status": "Status",
    "status armed": "Armed",
    "status dry": "Dry run",
    "status unknown": "Unknown",
    "no problems": "No problem is known.",
    "fix": "What to do:",
    "last run": "last run",
    "last run good": "The last run, {when}, went well: {stopped} stopped, {started} started, "
    "{failed} failed.",
    "last run failed": "The last run, {when}, failed: {stopped} stopped, {started} started, "
    "{failed} not confirmed.",
    "last run dry": "The last run, {when}, was a dry one: it would have stopped {stop} and "
    "started {start}.",
    "last run open": "The last run began {when}; its end is not in the log.",
    "no run": "No run is in the log.",
    "ended ok": "good",
    "run failed": "The run of {when} failed: {why}",
    "run failed unsaid": "the run failed; the log has no reason",
    "ended paused": "paused",
    "ended open": "no end in the log",
    "ended failed": "failed",
    "version": "version",
    "policies deployed": "policies deployed (hash)",
    "next tick": "next timer (serverless.yml)",
    "open until": "open until {when}",
    "opens": "opens {when}",
    "whenever triggered": "whenever it is triggered",
    "calendar known": "holidays of China known",
    "to the end of": "to the end of {year}",
    "killed": "The run of {when} has no end: it was killed, or ran out of its time limit.",
    "silent": "No run since {when}, longer than is usual.",
    "dry run on": "It is a dry run: no machine is stopped or started.",
    "policies differ": "The policies here ({here}) are not those of the last run ({there}).",
    "machines in trouble": "Machines in trouble: {count}, first in the table below.",
    "missed": "{policy}: no run in its window on {days}.",
    # what to do
    "fix mistakes": "Correct the file at that place, run `check`, package and deploy again.",
    "fix assume": "Let that account lend its role: `permissions --account NAME --uin UIN`.",
    "fix rights": "Give the role the right that is named: `permissions role`.",
    "fix keys": "Give the function its execution role (`role` in serverless.yml).",
    "fix network": "See that the API can be reached; what stands behind the code says how it "
    "failed.",
    "fix limit": "More machines matched than the policy's limits allow: read `plan` before you "
    "raise them.",
    "fix setting": "Correct that environment variable of the function.",
    "fix pending": "Look at the machine; set a longer `verify: {timeout: …}` if it is slow as a "
    "rule.",
    "fix other": "docs/operate.md says what each line of a failed run means.",
    "calendar ends": "The calendar of workdays and holidays does not cover {year}: Monday to "
    "Friday are taken for workdays.",
    "fix calendar": "Add the days under `holidays:` in the policy file, or upgrade.",
    "fix no run": "Look whether the function is deployed and its timer is on: `doctor`.",
    "fix killed": "Set a longer `timeout` in serverless.yml; the next run goes on from there.",
    "fix silent": "Look whether the timer is on and the account is not in arrears: `doctor`.",
    "fix dry run": "When you have read a plan, set LIGHTSOUT_DRY_RUN=0.",
    "fix differ": "Package and deploy again, or make the report with the deployed policies.",
    "fix warning": "docs/operate.md and `check` say more.",
    "fix machines": "Their row says what happened; `plan --instance ID` says each step.",
    "fix doubt": "Make the report again; what was seen is shown.",
    # the fortnight
    "fortnight": "This fortnight",
    "fortnight about": "A week that is over and the week that comes. Bars are what is planned, "
    "marks are what really happened.",
    "fortnight none": "No policy could be read.",
    "action stop": "STOP",
    "action start": "START",
    "y axis": "hour of the day",
    "x axis": "day",
    "legend planned stop": "window to stop",
    "legend planned start": "window to start",
    "legend past": "window that is over",
    "legend good": "confirmed stopped or started",
    "legend failed": "failed",
    "legend now": "now",
    "mark stop": "{count} stopped",
    "mark start": "{count} started",
    "mark failed": "{count} failed",
    "no run here": "no run",
    "calendar alt": "{policy}, what is planned and what happened: {days}",
    # machines
    "machines": "Machines",
    "search": "Search",
    "search hint": "ID, name, tag, policy, RequestId …",
    "counted": "{shown} of {found} that match, {all} in all",
    "show all": "Show all",
    "machine": "machine",
    "state": "state",
    "tags": "tags",
    "policy": "policy",
    "last": "last action",
    "kept": "kept, and why",
    "next": "next action",
    "no machines": "No machine is in the log.",
    "as of": "as of {when}",
    "gone": "gone",
    "confirmed": "confirmed",
    "not confirmed": "not confirmed in the log",
    "did stop": "stop {when}",
    "did start": "start {when}",
    "will stop": "stop, at the next run ({policy})",
    "will start": "start, at the next run ({policy})",
    "will stop at": "stop {when} ({policy})",
    "will start at": "start {when} ({policy})",
    "may stop": "stop at the next run, if nothing keeps it ({policy})",
    "may start": "start at the next run, if nothing keeps it ({policy})",
    "may stop at": "stop {when}, if nothing keeps it ({policy})",
    "may start at": "start {when}, if nothing keeps it ({policy})",
    # savings
    "savings": "Savings",
    "savings about": "What the log proves: from the confirmed stop to the next start.",
    "savings none": "No confirmed stop is in the log.",
    "certain": "certainly stopped",
    "saved": "saved",
    "by month": "By month",
    "by policy": "By policy",
    "by tag": "By tag",
    "month": "month",
    "policy account resource": "policy · account · resource",
    "tag": "tag",
    "count machines": "machines",
    "count stops": "stops",
    "hours": "hours",
    "at most": "at most",
    "and unpriced": "{known} + {hours} h without a price",
    "more tags": "and {count} more: `savings --tag KEY` shows one key",
    "weeks title": "Hours stopped, by week",
    "y hours": "hours",
    "x weeks": "week, by its Monday",
    "legend uncharged": "no longer charged (STOP_CHARGING); above it, money saved ({currency})",
    "legend charged": "stopped, and charged on",
    "week told": "week of {week}: {hours} h, {saved}",
    "how counted": "How this is counted, and what is not known",
    # failures
    "failures": "Failures",
    "failures none": "No failure is in the log.",
    "when": "when",
    "what": "policy and place",
    "why": "what happened",
    "more": "and {count} more",
    "run": "run",
    # without credentials
    "missing look": "Without credentials no machine was looked at: names and tags are unknown, "
    "states are those that the log had last, and what keeps a machine is what the log said last.",
    "missing money": "Prices were not asked, so money is not known.",
    "missing policies": "Without policies there is no calendar, and no next action.",
    "missing timers": "Without a serverless.yml that can be read, the next timer is unknown.",
}

ZH = {
    "title": "lightsout 报告",
    "made": "生成于 {when}",
    "log from": "依据 {first} 至 {last} 的日志",
    "no lines": "没有读到任何日志",
    "times are": "未另行注明时区的时间均为 {zone} 时间。",
    "not shown": "此处无法得知",
    "go": "章节",
    "status": "状态",
    "status armed": "已启用",
    "status dry": "演练模式",
    "status unknown": "未知",
    "no problems": "未发现问题。",
    "fix": "处理办法：",
    "last run": "最近一次运行",
    "last run good": "最近一次运行（{when}）成功：关机 {stopped} 台，开机 {started} 台，失败 "
    "{failed} 台。",
    "last run failed": "最近一次运行（{when}）失败：关机 {stopped} 台，开机 {started} 台，"
    "未确认 {failed} 台。",
    "last run dry": "最近一次运行（{when}）是演练：本应关机 {stop} 台、开机 {start} 台。",
    "last run open": "最近一次运行开始于 {when}，日志中没有它的结尾。",
    "no run": "日志中没有任何一次运行。",
    "ended ok": "成功",
    "run failed": "{when} 的运行失败：{why}",
    "run failed unsaid": "运行失败，日志中没有原因",
    "ended paused": "已暂停",
    "ended open": "日志中没有结尾",
    "ended failed": "失败",
    "version": "版本",
    "policies deployed": "已部署的策略（哈希）",
    "next tick": "下一次定时触发（serverless.yml）",
    "open until": "时间窗开放至 {when}",
    "opens": "{when} 开放",
    "whenever triggered": "每次触发都执行",
    "calendar known": "已知的中国节假日",
    "to the end of": "至 {year} 年底",
    "killed": "{when} 的运行没有结尾：被终止，或超过了执行超时时间。",
    "silent": "自 {when} 以来没有运行，比平时的间隔长。",
    "dry run on": "当前为演练模式：不会关闭或启动任何机器。",
    "policies differ": "本地的策略（{here}）与最近一次运行所用的（{there}）不同。",
    "machines in trouble": "有问题的机器：{count} 台，排在下表最前面。",
    "missed": "{policy}：以下日期的时间窗内没有运行：{days}。",
    "fix mistakes": "改正所指位置的文件，运行 `check`，重新打包并部署。",
    "fix assume": "请该账号授予角色：`permissions --account NAME --uin UIN`。",
    "fix rights": "为角色授予所指出的权限：`permissions role`。",
    "fix keys": "为函数配置运行角色（serverless.yml 中的 `role`）。",
    "fix network": "检查能否访问云 API；错误码之后的文字说明了失败的方式。",
    "fix limit": "匹配的机器数超过策略的上限：提高上限之前先看 `plan`。",
    "fix setting": "改正函数的这个环境变量。",
    "fix pending": "查看该机器；如果它一向较慢，请设置更长的 `verify: {timeout: …}`。",
    "fix other": "docs/operate.md 说明了失败的运行中每行日志的含义。",
    "calendar ends": "工作日与节假日的日历不包含 {year} 年：周一至周五按工作日处理。",
    "fix calendar": "在策略文件的 `holidays:` 下补充日期，或升级版本。",
    "fix no run": "检查函数是否已部署、定时触发器是否启用：`doctor`。",
    "fix killed": "在 serverless.yml 中设置更长的 `timeout`；下一次运行会接着处理。",
    "fix silent": "检查定时触发器是否启用、账号是否欠费：`doctor`。",
    "fix dry run": "看过 plan 之后，设置 LIGHTSOUT_DRY_RUN=0。",
    "fix differ": "重新打包并部署，或用已部署的策略生成报告。",
    "fix warning": "详见 docs/operate.md 与 `check`。",
    "fix machines": "该行说明了发生的事；`plan --instance ID` 给出每一步。",
    "fix doubt": "请重新生成报告；已看到的内容照常显示。",
    "fortnight": "前后两周",
    "fortnight about": "过去一周与未来一周。色块为计划，标记为实际发生的事。",
    "fortnight none": "没有可读取的策略。",
    "action stop": "关机",
    "action start": "开机",
    "y axis": "时刻",
    "x axis": "日期",
    "legend planned stop": "关机时间窗",
    "legend planned start": "开机时间窗",
    "legend past": "已过去的时间窗",
    "legend good": "已确认关机或开机",
    "legend failed": "失败",
    "legend now": "现在",
    "mark stop": "关机 {count} 台",
    "mark start": "开机 {count} 台",
    "mark failed": "失败 {count} 台",
    "no run here": "未运行",
    "calendar alt": "{policy} 每天的计划与实际：{days}",
    "machines": "机器",
    "search": "搜索",
    "search hint": "ID、名称、标签、策略、RequestId …",
    "counted": "显示 {shown} 台，匹配 {found} 台，共 {all} 台",
    "show all": "全部显示",
    "machine": "机器",
    "state": "状态",
    "tags": "标签",
    "policy": "策略",
    "last": "最近一次操作",
    "kept": "保留原因",
    "next": "下一次操作",
    "no machines": "日志中没有机器。",
    "as of": "截至 {when}",
    "gone": "已不存在",
    "confirmed": "已确认",
    "not confirmed": "日志中未确认",
    "did stop": "关机 {when}",
    "did start": "开机 {when}",
    "will stop": "下一次运行时关机（{policy}）",
    "will start": "下一次运行时开机（{policy}）",
    "will stop at": "{when} 关机（{policy}）",
    "will start at": "{when} 开机（{policy}）",
    "may stop": "若无保留条件，下一次运行时关机（{policy}）",
    "may start": "若无保留条件，下一次运行时开机（{policy}）",
    "may stop at": "若无保留条件，{when} 关机（{policy}）",
    "may start at": "若无保留条件，{when} 开机（{policy}）",
    "savings": "节省",
    "savings about": "只计日志能证明的：从确认关机到下一次开机。",
    "savings none": "日志中没有已确认的关机。",
    "certain": "确定的关机时长",
    "saved": "节省金额",
    "by month": "按月",
    "by policy": "按策略",
    "by tag": "按标签",
    "month": "月份",
    "policy account resource": "策略 · 账号 · 资源",
    "tag": "标签",
    "count machines": "机器数",
    "count stops": "关机次数",
    "hours": "小时",
    "at most": "至多",
    "and unpriced": "{known}，另有 {hours} 小时价格未知",
    "more tags": "另有 {count} 个：`savings --tag KEY` 可只看一个键",
    "weeks title": "每周的关机时长",
    "y hours": "小时",
    "x weeks": "周（以周一表示）",
    "legend uncharged": "关机不收费（STOP_CHARGING）；上方为节省金额（{currency}）",
    "legend charged": "关机后仍收费",
    "week told": "{week} 当周：{hours} 小时，{saved}",
    "how counted": "计算方法，以及无法得知的内容",
    "failures": "失败",
    "failures none": "日志中没有失败。",
    "when": "时间",
    "what": "策略与地域",
    "why": "发生了什么",
    "more": "另有 {count} 项",
    "run": "运行",
    "missing look": "没有密钥，未查看任何机器：名称与标签未知，状态为日志中最后的状态，"
    "保留原因为日志中最后所说的原因。",
    "missing money": "未查询价格，金额未知。",
    "missing policies": "没有策略，就没有日历，也没有下一次操作。",
    "missing timers": "没有可读取的 serverless.yml，下一次定时触发未知。",
}

# The sentences of `savings`; in English they stand there.
CLAIMS_ZH = {
    "counted": "时长从 lightsout 发起并已确认的关机算起，到下一次开机为止；"
    "两次查看之间被人开机又关机的，不留痕迹。",
    "unknown": "{count} 次关机的结束时间未知：到最后一次看到已关机为止是确定的，"
    "到第一次看到运行为止是可能的。只计确定的时长。",
    "open": "{count} 次关机在这些日志中没有结束：计到 {when}，共 {hours} 小时。",
    "shared": "{count} 次关机由多个策略共同要求：在各自的行中都计，合计只计一次。",
    "charged": "{count} 次关机后仍收费（{why}）：不计时长，没有节省。",
    "otherwise": "{count} 次关机的结果为“{why}”：不计时长，没有节省。",
    "unconfirmed": "{count} 次已受理的关机从未得到确认：不计时长，没有节省。",
    "foreign": "{count} 次确认对应的调用不在这些日志中：不计时长，没有节省。",
    "money": "金额只计确认为关机不收费（STOP_CHARGING）的按量计费 CVM 的 CPU 与内存"
    "（{source}）。硬盘、镜像与弹性公网 IP 继续收费。",
    "unpriced": "其中 {hours} 小时没有价格，不在合计中：{why}。",
    "still charged": "未使用 STOP_CHARGING 关机的 CVM 继续收费：{hours} 小时，节省为 0。",
    "prepaid": "轻量应用服务器为预付费：{hours} 小时不退还套餐费用，节省为 0。"
    "超出流量包的流量按 GB 计费，但关机的机器本会产生多少流量不在任何日志中，因此不计。",
}
_PLACE = re.compile(r"\{(\w+)\}")
LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": EN, "zh": ZH}
WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
# The words of a schedule, as a policy's headline has them.
SCHEDULE_ZH = {
    "everyday": "每天", "workdays": "工作日", "holidays": "休息日", "all day": "全天",
    "all regions": "全部地域", "lighthouse": "轻量应用服务器", "cvm": "云服务器",
    **dict(zip(WEEKDAYS["en"], WEEKDAYS["zh"], strict=True)),
}  # fmt: skip
_SCHEDULE = re.compile(rf"\b({'|'.join(SCHEDULE_ZH)})\b")
TAGS = {"en": "en", "zh": "zh-CN"}


class Texts:
    """The words of one language: `t("open until", when=…)`."""

    def __init__(self, language: str) -> None:
        self.tag = TAGS[language]
        self.weekdays = WEEKDAYS[language]
        self._texts = LANGUAGES[language]

    def __call__(self, key: str, **facts: Any) -> str:
        return _PLACE.sub(lambda it: str(facts.get(it[1], it[0])), self._texts[key])

    def schedule(self, said: str) -> str:
        """What a policy does and when, said in English, in this language."""
        return (
            said if self.tag == TAGS["en"] else _SCHEDULE.sub(lambda it: SCHEDULE_ZH[it[1]], said)
        )

    def claim(self, claim: Claim | str) -> str:
        """A sentence of `savings`; what the service said about it stays as it is."""
        if isinstance(claim, str) or self.tag == TAGS["en"]:
            return str(claim)
        return _PLACE.sub(lambda it: claim.facts.get(it[1], it[0]), CLAIMS_ZH[claim.key])


def language_of(environ: Mapping[str, str]) -> str:
    """The page's language where the command line does not choose it: that of the locale."""
    told = next((environ[it] for it in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(it)), "")
    return "zh" if told.lower().startswith("zh") else "en"
