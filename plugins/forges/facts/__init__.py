"""What forges know besides files: protection, runs, changes, deployments, findings, releases."""
