"""Pictures of scenes, drawn from their graphs by integer arithmetic: equal graphs give equal pixels."""

from cotam.levelvqa.drawing.render import render

__all__ = ["render"]
