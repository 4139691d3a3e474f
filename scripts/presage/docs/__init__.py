"""The reference part of the documentation, written from the code itself: ``make reference`` writes ``docs/reference/``.

One module makes one page, as text; nothing here is imported by a rule. A test fails while a page and the code differ.
"""
