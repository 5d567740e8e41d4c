#!/usr/bin/env python3
"""All tests of plots/ (*_test.py here), in one process, so that they share one report. Run: python3 tests/plots/run.py

The browser part needs Chromium, the figures matplotlib; without them they are skipped by name. A file alone:
python3 -m unittest browser_test, in this folder.
"""

import os
import sys
import unittest

EXIT_SKIPPED = 77

if __name__ == "__main__":
    found = unittest.defaultTestLoader.discover(os.path.dirname(os.path.abspath(__file__)), "*_test.py")
    result = unittest.TextTestRunner().run(found)
    if not result.wasSuccessful() or result.testsRun == 0:
        sys.exit(1)
    # Skipped is not passed: ctest reads 77 as "skipped" (SKIP_RETURN_CODE), and the reasons are printed by name.
    for test, reason in result.skipped:
        print(f"SKIPPED {test.id()}: {reason}", file=sys.stderr)
    sys.exit(EXIT_SKIPPED if result.skipped else 0)
