"""Git repositories, read from their object store by the `git` program and nothing of theirs run.

Shared by the sources that meet git. `commands` runs git safely, `objects` reads what it stores,
`folders` tells which folder is a repository. No network beyond what a caller allows by name.
"""
