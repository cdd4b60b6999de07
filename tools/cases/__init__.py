"""Published cases from declarative files: `surplus validate`; their format is tests/cases/README.md.

`read` turns files into `Case`, one module per kind computes `Figure`s of a case with the product's own physics,
`verdict` holds them against what the case expects. No kind knows another, and none knows a case.
"""
