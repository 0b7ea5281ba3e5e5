"""Everything that a machine without network needs, in one folder: made, checked, installed."""
