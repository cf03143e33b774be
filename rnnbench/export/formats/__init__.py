"""Formats, one file each, chosen by `format=`; what each is stands before the colon of its file's first line."""
