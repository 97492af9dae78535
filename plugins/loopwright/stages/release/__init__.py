"""From candidate to champion and back: rehearse, approve, promote, roll back, and mend what a crash left half done."""

from __future__ import annotations

from loopwright.stages.release.approval import record_approval
from loopwright.stages.release.asking import Question, ask_person
from loopwright.stages.release.conditions import ReleaseRefused, known_version
from loopwright.stages.release.foreseeing import reconciliation
from loopwright.stages.release.fresh_process import FreshProcess
from loopwright.stages.release.golden import golden_of, golden_sample
from loopwright.stages.release.judged_files import judged_files
from loopwright.stages.release.model_card import card_for, keep_card
from loopwright.stages.release.moving import ALIAS, reconcile
from loopwright.stages.release.outbox import deliver, mended_or_waiting, undelivered
from loopwright.stages.release.rehearsal import Rehearsal, rehearse, rehearsed_before
from loopwright.stages.release.retention import half_removed, removable, remove_version
from loopwright.stages.release.shadowing import Shadow, shadow, standing
from loopwright.stages.release.stage import Released, adopt_version, promote, roll_back

__all__ = [
    "ALIAS",
    "FreshProcess",
    "Question",
    "Rehearsal",
    "ReleaseRefused",
    "Released",
    "Shadow",
    "adopt_version",
    "ask_person",
    "card_for",
    "deliver",
    "golden_of",
    "golden_sample",
    "half_removed",
    "judged_files",
    "keep_card",
    "known_version",
    "mended_or_waiting",
    "promote",
    "reconcile",
    "reconciliation",
    "record_approval",
    "rehearse",
    "rehearsed_before",
    "removable",
    "remove_version",
    "roll_back",
    "shadow",
    "standing",
    "undelivered",
]
