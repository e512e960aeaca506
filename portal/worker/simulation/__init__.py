"""Simulation: what another scorecard would say, and would have said, and nothing stored."""
