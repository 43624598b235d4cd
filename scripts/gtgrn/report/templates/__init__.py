"""The page in parts: templates of Jinja, put together by ``report.html.j2``."""
