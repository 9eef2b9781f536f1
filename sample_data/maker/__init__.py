"""The made-up population behind the sample data, and the two departments' files about it.

The way is one line: people live in households (`people`) at invented places (`places`), each
department writes down its copy of a person (`records`), the copies pick up errors (`errors`),
and the copies become files (`files`). `describe` measures what came out.
"""
