"""Where facts come from: collectors, recipes, runs of CI, and the packs that need them."""
