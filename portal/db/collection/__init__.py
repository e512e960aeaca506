"""What was collected about entities: facts, now and before, and pages of documentation."""
