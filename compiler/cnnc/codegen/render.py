"""Fill a template with its view."""

from functools import cache

from jinja2 import Environment, FunctionLoader, StrictUndefined

from cnnc.codegen.wrap import wrap_long_lines
from cnnc.resources import tree


def render(template: str, view: object) -> str:
    """Return a template's text; long lines of C are wrapped.

    Args:
        template: Path in ``templates/``.
        view: What it calls ``view``: one typed object with every text ready.
    """
    text: str = _environment().get_template(template).render(view=view)
    return wrap_long_lines(text) if template.endswith((".c.j2", ".h.j2")) else text


@cache
def _environment() -> Environment:
    # Nothing here is HTML, and no text from outside reaches a template.
    return Environment(
        loader=FunctionLoader(_template_text),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701
    )


def _template_text(name: str) -> str:
    return tree("templates").joinpath(*name.split("/")).read_text(encoding="utf-8")
