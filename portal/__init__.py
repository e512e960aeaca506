"""Who is asking, and where it is kept: database, API, pages, background work, command line."""

import gc

# Reading repositories, loading rows and assessing make many small objects that live on. With Python's
# own numbers a fifth of the time of a cold ingest went into looking for cycles among them. Set here,
# before anything else is imported: of every process, the children of the pool included.
gc.set_threshold(10_000, 20, 50)
