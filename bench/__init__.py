"""Measurements of the wizard beside other tools, in alternating rounds of one run. Never a timed test."""
