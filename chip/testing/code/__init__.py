"""Whole programs as data: a tree of a kernel with its subroutines, or of a task; drawn, shrunk, printed and loaded."""
