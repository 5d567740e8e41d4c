"""The report in headless Chromium; screenshots go to $SSMSCAN_SCREENSHOTS where that is set."""

import math
import os
import unittest

import browser
from page import number
from reports import built, medians, needs_matplotlib

PHONE, DESKTOP = 390, 1280  # CSS pixels: a common phone, a small laptop
SORTED_LINK = "#results?sort=gelem-s&order=desc&filter=chunked%20f32"
SPEEDS = "[...document.querySelectorAll('#results tbody tr')].map((row) => [row.cells[1].textContent, row.cells[2].textContent, row.cells[7].textContent])"


@unittest.skipUnless(browser.find(), "chromium is not installed: the report was not opened in a browser")
@needs_matplotlib
class Browser(unittest.TestCase):
    """The same report as a reader sees it."""

    @classmethod
    def setUpClass(cls):
        cls.made = built()
        cls.folder, cls.page, cls.address = cls.made.folder, cls.made.page, "file://" + cls.made.file
        cls.shots = os.environ.get("SSMSCAN_SCREENSHOTS")
        cls.chromium = cls.enterClassContext(browser.Browser())

    def shot(self, name):
        if self.shots:
            os.makedirs(self.shots, exist_ok=True)
            self.chromium.screenshot(os.path.join(self.shots, name + ".png"))

    def head(self, table, key):
        return f"#{table} th[data-key='{key}'] button"

    def test_no_complaint_and_no_request_but_the_page(self):
        for width, dark in ((PHONE, True), (DESKTOP, False)):
            self.chromium.open(self.address, width, dark=dark)
            self.assertEqual(self.chromium.complaints(), [])
            self.assertEqual(set(self.chromium.requests()) - {"data:,"}, {self.address})
            self.shot(f"report-{width}-{'dark' if dark else 'light'}")

    def test_complaints_and_requests_would_be_seen(self):
        broken = os.path.join(self.folder, "broken.html")
        with open(broken, "w", encoding="utf-8") as file:
            file.write("<!DOCTYPE html><title>x</title><img src='other.png'><script>console.error('said'); nowhere();</script>")
        self.chromium.open("file://" + broken, DESKTOP)
        complaints = " ".join(self.chromium.complaints())
        self.assertIn("said", complaints)
        self.assertIn("nowhere", complaints)
        self.assertTrue(any(r.endswith("other.png") for r in self.chromium.requests()))

    def test_page_never_scrolls_sideways(self):
        for width in (320, PHONE, DESKTOP):
            self.chromium.open(self.address, width)
            self.chromium.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
            inner, scroll = self.chromium.evaluate("[innerWidth, document.documentElement.scrollWidth]")
            self.assertEqual(inner, width)
            self.assertLessEqual(scroll, width)
            wide, boxed = self.chromium.evaluate("(() => { const t = document.querySelector('#results'); return [t.scrollWidth, t.closest('.scroll').clientWidth]; })()")
            self.assertTrue(wide <= boxed or width < DESKTOP or boxed <= DESKTOP, "a wide table scrolls in its own box")
            if width == DESKTOP:  # the answer to "which is fastest" is seen whole
                for table in ("winners", "latency-winners"):
                    wide, boxed = self.chromium.evaluate(f"(() => {{ const t = document.querySelector('#{table}'); return [t.scrollWidth, t.closest('.scroll').clientWidth]; }})()")
                    self.assertLessEqual(wide, boxed, table)

    def test_click_sorts(self):
        self.chromium.open(self.address, DESKTOP)
        before = self.chromium.evaluate(SPEEDS)
        self.chromium.click(self.head("results", "gelem-s"))
        after = self.chromium.evaluate(SPEEDS)
        self.assertEqual(sorted(after), sorted(before), "the same rows")
        speeds = [number(row[2]) for row in after[:-3]]
        self.assertEqual([row[2] for row in after[-3:]], ["–"] * 3, "a row without a speed stays last")
        self.assertEqual(speeds, sorted(speeds, reverse=True))
        self.assertNotEqual(after, before)
        self.assertIn("sort=gelem-s", self.chromium.evaluate("location.hash"))
        self.shot("sorted")
        self.chromium.click(self.head("results", "gelem-s"))
        speeds = [number(row[2]) for row in self.chromium.evaluate(SPEEDS)[:-3]]
        self.assertEqual(speeds, sorted(speeds))
        self.assertEqual(self.chromium.evaluate("document.querySelector(\"#results th[data-key='gelem-s']\").ariaSort"), "ascending")
        # Powers of ten, NaN and infinity sort by value, not by spelling.
        self.chromium.click(self.head("accuracy", "error-u-s"))
        shown = self.chromium.evaluate("[...document.querySelectorAll('#accuracy tbody tr')].map((row) => row.cells[5].textContent)")
        values = [math.inf if text == "NaN" else number(text) for text in shown]
        self.assertEqual(values, sorted(values))
        self.assertGreater(values.count(math.inf), 0)
        self.assertEqual(self.chromium.complaints(), [])

    def test_a_link_keeps_sort_and_filter(self):
        self.chromium.open(self.address + SORTED_LINK, DESKTOP)
        rows = self.chromium.evaluate(SPEEDS)
        every = [r for r in self.page.rows("results") if "chunked" in r["Algorithm"] + r["Note"] and r["Operation"] == "affine.f32"]
        self.assertEqual(len(rows), len(every))
        self.assertEqual([number(r[2]) for r in rows], sorted((number(r["Gelem/s"]) for r in every), reverse=True))
        self.shot("link")
        self.chromium.open(self.address + "#results?sort=nothing&order=odd&filter=%3Cb%3E&x=1", DESKTOP)
        self.assertEqual(self.chromium.evaluate(SPEEDS + ".length"), 1, "only the failed row has <b> in its text")
        self.assertEqual(self.chromium.complaints(), [])

    def test_filter_as_typed(self):
        self.chromium.open(self.address, PHONE)
        self.chromium.click("#winners-section input")
        self.chromium.call("Input.insertText", text="F64 262,144")
        shown = self.chromium.evaluate("[...document.querySelectorAll('#winners tbody tr')].map((r) => [r.cells[1].textContent, r.cells[3].textContent])")
        self.assertEqual(shown, [["affine.f64", "262,144"]])
        self.assertEqual(self.chromium.evaluate("document.querySelector('#winners-section .filter span').textContent"), f"1 of {len(self.page.rows('winners'))} rows")

    def test_works_without_script(self):
        self.chromium.open(self.address, PHONE, script=False)
        count = self.chromium.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        rows = self.chromium.call("DOM.querySelectorAll", nodeId=count, selector="#results tbody tr")["nodeIds"]
        self.assertEqual(len(rows), len(medians()))
        self.assertEqual(self.chromium.call("DOM.querySelectorAll", nodeId=count, selector="th button, .filter")["nodeIds"], [])

    def test_print(self):
        self.chromium.open(self.address, DESKTOP)
        self.chromium.call("Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        shown = "((s) => getComputedStyle(document.querySelector(s)).display)"
        self.assertEqual(self.chromium.evaluate(f"['nav', '.long', '.unprinted'].map({shown})"), ["none", "none", "block"])
        self.assertEqual(self.chromium.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--fig-1a1c1f').trim()"), "#1a1c1f", "ink is black on paper")
        self.chromium.call("Emulation.setEmulatedMedia", media="")
