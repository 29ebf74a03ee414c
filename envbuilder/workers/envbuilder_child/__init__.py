"""The part of a worker that both sides run: the host's Python, and the model's, which may be 3.6.

So nothing here imports envbuilder, and no syntax is younger than Python 3.6 (no annotations of the future, no
dataclasses, no walrus). The model's side gets this folder's parent on its path for one import only: a model
must not find our modules under names of its own.
"""
