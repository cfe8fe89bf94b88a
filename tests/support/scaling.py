"""Groups of Auto Scaling for tests, and a policy that includes their members."""

from __future__ import annotations

NIGHTS = """
    version: 1
    policies:
      - name: nights
        resource: cvm
        regions: [ap-guangzhou]
        include: [autoscaling]
        match: {tags: {env: dev}}
"""


def group_of(stage, count, *, first=0, group="asg-00000001", machines=None, **facts):
    """A group, all of whose members may be stopped, and their IDs."""
    ids = stage.fleet(count, first=first, **(machines or {}))
    members = [stage.world.instance(id_) for id_ in ids]
    return stage.world.add_group(group, members, **{"max_size": 300} | facts), ids
