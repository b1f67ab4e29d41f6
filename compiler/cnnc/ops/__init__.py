"""The operators: one file each, found by looking into this folder; no list to edit.

A module of this package that defines ``OPERATOR`` (an ``OperatorDefinition``) is an operator.
Names that start with an underscore hold what several operators share.
"""
