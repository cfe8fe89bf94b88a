"""A git repository with policies on main, and a change of them in the work tree."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = """\
version: 1
policies:
  - name: dev-nights
    resource: lighthouse
    regions: [ap-guangzhou, ap-shanghai]
    match: {tags: {env: dev}}
    when: {between: ["21:00", "23:30"]}
"""
AFTER = """\
version: 1
policies:
  - name: dev-nights
    resource: lighthouse
    regions: [ap-guangzhou, ap-shanghai]
    match: {tags: {env: [dev, test]}}
    exclude: {tags: {role: bastion}}
    when: {between: ["20:30", "23:30"]}
"""
# Machines as (ID, name, region, tags).
FLEET = (
    ("lhins-0a1b2c3d", "web", "ap-guangzhou", {"env": "dev"}),
    ("lhins-1b2c3d4e", "load-test", "ap-guangzhou", {"env": "test"}),
    ("lhins-2c3d4e5f", "nightly-build", "ap-shanghai", {"env": "test"}),
    ("lhins-3d4e5f6a", "gate", "ap-guangzhou", {"env": "dev", "role": "bastion"}),
    ("lhins-4e5f6a7b", "db", "ap-shanghai", {"env": "test", "keep-running": "yes"}),
    ("lhins-5f6a7b8c", "shop", "ap-guangzhou", {"env": "prod"}),
)


def make_repository(top: Path, *, origin: bool = False) -> Path:
    """The folder of policies in a repository at `top`; `origin`: with a remote that has main."""
    folder = top / "policies"
    folder.mkdir(parents=True)
    (folder / "dev.yml").write_text(BEFORE, "utf-8")
    git(top, "init", "--quiet", "--initial-branch=main")
    commit_all(top, "before")
    if origin:
        git(top.parent, "clone", "--quiet", "--bare", str(top), f"{top}-origin.git")
        git(top, "remote", "add", "origin", f"{top}-origin.git")
    (folder / "dev.yml").write_text(AFTER, "utf-8")
    return folder


def commit_all(top: Path, message: str) -> None:
    git(top, "add", "--all")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    git(top, *identity, "commit", "--quiet", "-m", message)


def git(top: Path, *words: str) -> None:
    environ = os.environ | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-C", str(top), *words], check=True, capture_output=True, env=environ)


def add_fleet(world) -> None:
    for id_, name, region, tags in FLEET:
        world.add(id_, name=name, region=region, tags=tags)
