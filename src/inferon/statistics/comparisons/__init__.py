"""Tests of whether groups differ: one a file."""
