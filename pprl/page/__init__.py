"""Pages that a statistician reads: one HTML file with no outside reference, charts as SVG, numbers in words.

Knows nothing of links, people or keys, so that every room may draw its pages with it.
"""

from pprl.page.charts import Chart, draw_chart, draw_panels
from pprl.page.html import render_page, write_pages

__all__ = ["Chart", "draw_chart", "draw_panels", "render_page", "write_pages"]
