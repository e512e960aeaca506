"""What people do here, whether by a page, the API or the command line: each use case once for all of them."""
