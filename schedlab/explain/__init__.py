"""Why a pod goes where it goes: what every plugin says of it, in numbers and in words."""

from schedlab.explain.answer import answer

__all__ = ["answer"]
