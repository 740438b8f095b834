"""Write the page: python -m tumorseg.page FILE."""

import sys
from pathlib import Path

from tumorseg.files import write_text
from tumorseg.page import page

write_text(Path(sys.argv[1]), page())
