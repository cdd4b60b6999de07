"""The vocabulary: quantities, messages and the wire between simulation and viewers.

Imports nothing else of ours. `sim` and `app` share these words and nothing more.
"""
