"""Reading the archives of packages, which anybody may have made: looked through first, unpacked after that."""
