"""Expressions of rules: CEL, compiled against the facts that there are, and what can be said of one."""
