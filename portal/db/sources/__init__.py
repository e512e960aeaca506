"""Where entities come from: locations, repositories and files, how each stands, and what is wrong with it."""
