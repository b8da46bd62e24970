"""The words of the field: concerns, zones, grades, documents. No I/O, no arrays."""
