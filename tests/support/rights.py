"""The rights that the credentials of a stage have, and those that a document of CAM grants."""

from __future__ import annotations

from dataclasses import replace


def hold_to(stage, document):
    """From now on the credentials of the run may do what the document says, and nothing else."""
    (account,) = stage.sim.credentials
    stage.sim.credentials[:] = [replace(account, policy=document)]


def granted(document):
    """The actions in the document."""
    return {action for statement in document["statement"] for action in statement["action"]}
