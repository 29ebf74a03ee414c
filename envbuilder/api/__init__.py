"""The Python calls of the interface: the stages with this host's settings filled in.

``settings`` default to what the process environment says (as the command line's), ``policy`` to the
default policy: a library must not obey a file that happens to lie in the working directory. ``as_of``,
``python`` and ``engine`` are read as the command line reads them; ``as_of`` may be a date too.
"""
