"""Kinds of claims: what decides a claim, from its runs to its words. One file is one kind, its name the file's."""
