"""python -m tumorseg: the command `tumorseg`."""

from tumorseg.cli import main

main()
