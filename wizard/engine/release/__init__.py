"""A release that is there: listed, compared, planned, taken back, repaired, removed."""
