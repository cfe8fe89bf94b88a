"""The log of the deployed function, in the simulated log service, of runs that a stage made."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from lightsout.simulator import Function
from lightsout.simulator.functions.scf_lines import FunctionRun, write_run

if TYPE_CHECKING:
    from lightsout.simulator.logs.logs import Topic
    from tests.support.simulated_run import Stage


def deploy(stage: Stage, **facts) -> Function:
    """A function as serverless.yml has it, with a topic of its own."""
    function = Function(**facts)
    stage.world.functions.append(function)
    return function


def write_log(stage: Stage, function: Function, form: str = "fields", lines=None) -> Topic:
    """The lines of the stage's runs as SCF keeps them; `form` as Logs.json_lines has it."""
    logs = stage.world.logs
    logs.json_lines = form
    lines = stage.lines if lines is None else lines
    for run_id, some in groupby(lines, key=lambda line: line["run_id"]):
        told = [(_time(line), json.dumps(line, ensure_ascii=False)) for line in some]
        began, ended = told[0][0], told[-1][0]
        seconds = (ended - began + timedelta(milliseconds=5)).total_seconds()
        write_run(logs, function, FunctionRun(run_id, began, seconds, told, returned="{}"))
    return logs.topic_of(function)


def _time(line) -> datetime:
    return datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
