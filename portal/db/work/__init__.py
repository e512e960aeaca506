"""What has to be done: promises, claims, marks of entities, and the budgets of who is asked."""
