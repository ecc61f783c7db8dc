"""The site: `make docs` builds it from these pages, without a network."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "plugins"), str(HERE / "example-plugin")]

from coevo.version import __version__  # noqa: E402

project, author, release = "coevo", "the coevo authors", __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
    "builder",
]
exclude_patterns = ["_build", "example-plugin"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types are named as in the code; most have no page of their own
suppress_warnings = ["myst.header"]  # a docstring's sections begin at any level
warnings.filterwarnings("ignore", category=DeprecationWarning, module="sphinx_click")

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = True

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_custom_sections = ["Reference"]
napoleon_use_admonition_for_examples = False

html_theme = "furo"
html_title = "coevo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
copybutton_remove_prompts = True
