"""Whose name a decision is recorded with."""

from __future__ import annotations

import os
import pwd

from loopwright.cli.person import person


def test_it_is_the_user_whom_the_system_knows_whatever_the_environment_says(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    assert person() == f"person:{pwd.getpwuid(os.getuid()).pw_name}"


def test_a_user_without_a_name_is_known_by_number(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    assert person() == "person:uid-987654"
