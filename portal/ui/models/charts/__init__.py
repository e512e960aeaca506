"""Charts and pictures, as numbers for SVG attributes: shares, plots over time, strips, graphs."""
