"""Where facts and prices come from: a folder per kind of source, a file per vendor or protocol."""
