"""A viewer that is killed as soon as it knows its sim."""

import os
import sys

sys.stdin.readline()
os.abort()
