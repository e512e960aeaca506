"""The API of Backstage's Tech Insights, so that its pages can show our checks unchanged.

Everything is answered from stored results and facts: nothing is evaluated when it is asked for.
Source of routes, shapes and quirks: `@backstage-community/plugin-tech-insights-backend` 3.1.0.
"""
