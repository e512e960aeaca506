"""What scorecards say of entities, and why: evaluated, kept with the evidence, and explained."""
