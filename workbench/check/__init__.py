"""Static analysis of policies: everything that is wrong with a pack, each with its place, before anything is evaluated.

A check is one file here and one line in ``registry``; ``run.check`` applies them all.
"""
