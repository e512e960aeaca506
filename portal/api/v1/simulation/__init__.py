"""What a change of a scorecard would do, and would have done."""
