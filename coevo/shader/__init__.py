"""The shader: draws programs over the coordinates of a picture, a whole population at once."""

from coevo.shader.device import render_on
from coevo.shader.expressions import Canvas, Expression, TooSlow
from coevo.shader.instructions import Instruction
from coevo.shader.plan import Program
from coevo.shader.render import render, strips

__all__ = ["Canvas", "Expression", "Instruction", "Program", "TooSlow", "render", "render_on", "strips"]
