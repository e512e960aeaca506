"""Assessment: facts and results of the entities that are marked, in rounds."""
