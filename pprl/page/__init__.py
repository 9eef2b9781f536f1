"""Pages that a statistician reads: one HTML file that refers to nothing outside it, charts as SVG, numbers in words.

It knows nothing about links, people or keys, so any room may draw its pages with it.
"""

from pprl.page.charts import Chart, draw_chart, draw_panels
from pprl.page.html import render_page, write_pages

__all__ = ["Chart", "draw_chart", "draw_panels", "render_page", "write_pages"]
