"""Vetting: no plugin of somebody else's decides by a promise that it does not keep.

A wrong locality, or a shortcut that does not lead to the plain answer, would let the fast
paths keep answers that have changed, and so change placements in silence.  Before such a
plugin becomes part of a profile, the checks of what the engine trusts are run on it, once
a process.  CLUSTER without shortcuts promises nothing, and needs no vetting.
"""

from __future__ import annotations

from schedlab.api import Locality, Plugin
from schedlab.errors import InputError
from schedlab.origin import is_built_in
from schedlab.testing.ask import Exam
from schedlab.testing.check import Broken, Check, run_check
from schedlab.testing.plugin_checks import LOCALITY, SHORTCUT, VETTED

SCENES = 4

_vetted: set[tuple[type, str]] = set()


def vet(plugin: Plugin) -> None:
    """Refuse a plugin that breaks a promise on which the engine builds.

    Raises
    ------
    InputError
        Naming the check that found it, what differed and how to mend it.
    """
    key = type(plugin), repr(plugin)
    if key in _vetted or is_built_in(type(plugin)):
        return
    exam = Exam(count=SCENES)
    for check in vetting_checks(plugin):
        try:
            run_check(check, plugin, exam)
        except Broken as broken:
            raise InputError(_refusal(plugin, check.name, broken)) from broken
    _vetted.add(key)


def vetting_checks(plugin: Plugin) -> list[Check]:
    """Return the checks of what the engine trusts: of CLUSTER plugins only their shortcuts."""
    trusted = {SHORTCUT} if plugin.locality is Locality.CLUSTER else {SHORTCUT, LOCALITY}
    return [c for c in VETTED if c.tags & trusted and c.applies(plugin)]


def _refusal(plugin: Plugin, check: str, broken: Broken) -> str:
    if broken.mistake:
        return f"{plugin.name} cannot be run: {broken.what}; `schedlab check` tells more"
    return (
        f"{plugin.name} (locality {plugin.locality.name}) does not keep what it promises (check "
        f"{check}): {broken.what}\n  mend: {broken.mend}\n  Decisions could silently be wrong, so "
        "it is not run. Locality.CLUSTER without shortcuts is always right; `schedlab check` "
        "tells more."
    )
