#!/usr/bin/env python3
"""netmip report: the page of real and of large, made-up folders: what it says against numbers computed anew, in one file without an
address, below 5 MB and 10 s for 10,000 samples, all text escaped, CSV links that give the tables; and in a browser: no error, sorting
and filtering, narrow screens, the same without a script."""
import base64, collections, csv, glob, html.parser, io, json, os, random, re, shutil, subprocess, sys, time

sys.path.insert(1, sys.path[0] + "/../kit")
from kit import check, m, p, parts, put, run, skip, text_of

MLP3 = m("digits-mlp3.onnx")
DATA = ["--images", m("digits-test-images.idx3.gz"), "--labels", m("digits-test-labels.idx1.gz")]
BROWSER = shutil.which("chromium")
VOID = {"meta", "link", "img", "input", "rect", "polyline", "path"}
OPTIONAL = {"td", "th", "tr", "li", "p"}  # whose end tags may be left out


class Page(html.parser.HTMLParser):
    """what a page holds; fails at end tags that match nothing, and at addresses"""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.tables, self.csv, self.links, self.images, self.wrong, self.text = [], [], {}, {}, [], [], [], ""
        self.feed(text)
        self.close()
        self.wrong += [t for t in self.open if t not in OPTIONAL]

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if "id" in a:
            self.ids.append(a["id"])
        if tag == "table":
            self.table = self.tables[a["id"]] = []
        elif tag == "tr":
            self.table.append([])
        elif tag in ("td", "th"):
            self.table[-1].append("")
        elif tag == "img":
            self.images.append(a)
        elif tag == "a" and a["href"].startswith("data:"):
            head, body = a["href"].split(",", 1)
            self.csv[a["download"][:-4]] = list(csv.reader(io.StringIO(base64.b64decode(body, validate=True).decode())))
        elif tag == "a":
            self.links.append(a["href"])
        for k, v in a.items():
            if k in ("src", "href", "action", "srcset", "data") and re.match(r"\w+:", v or "") and not v.startswith("data:"):
                self.wrong.append(v)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.wrong.append("</%s>" % tag)

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data
            if self.open[-1] in ("td", "th", "a") and self.table and "table" in self.open:
                self.table[-1][-1] += data.strip("\n")

    table = None


def page(name, *folders, code=0):
    got, out, err = run("report", *folders, "-o", p(name), timeout=60)
    if not check(name, got == code and out == "written: %s\n" % p(name), (got, out, err)):
        return Page("")
    text = text_of(p(name))
    found = Page(text)
    check(name + ": is whole, and asks for nothing", not found.wrong and text.startswith("<!DOCTYPE html>") and not re.search(r"url\(|@import|fetch\(|XMLHttp", text), found.wrong[:5])
    check(name + ": names are used once", len(set(found.ids)) == len(found.ids), collections.Counter(found.ids).most_common(3))
    check(name + ": a link to each table", set(found.csv) == set(found.tables), set(found.csv) ^ set(found.tables))
    for k, rows in found.tables.items():
        full = found.csv[k]
        same = all(len(r) == len(s) and all(x == y or abs(float(x) - float(y)) <= 2e-4 * abs(float(y)) for x, y in zip(r, s)) for r, s in zip(rows, full))
        check("%s: table %s is its CSV" % (name, k), len(rows) == len(full) and same, (rows[:2], full[:2]))
    check(name + ": pictures have a text", all(a.get("alt") and a["src"].startswith("data:image/png;base64,iVBOR") for a in found.images))
    check(name + ": so have plots", text.count("<svg") == text.count('role="img"') == text.count("</title>") - 1)
    return found


def as_dicts(rows):
    return [dict(zip(rows[0], r)) for r in rows[1:]]


def real():
    for e in ("0.03", "0.06"):
        code, out, err = run("batch", MLP3, *DATA, "--perturb", "linf:" + e, "--range", "0:60", "--save-witness", "--time-limit", "5", "--dir", p("r" + e), "--quiet")
        check("a campaign", code == 0, err)
    f = page("one.html", p("r0.06"))
    s = json.load(open(p("r0.06/summary.json")))
    said = "The adversarial error of digits-mlp3.onnx within L-inf distance 0.06 is %s, of 60 samples with at most 5 s a sample: %d hold, %d have a counterexample, %d are unknown." % (
        "%.2f %% exactly" % (100 * s["adversarial_error_lo"]), s["holds"], s["violated"], s["unknown"])
    check("the outcome in words", said in f.text, f.text[:500])
    rows = as_dicts(f.csv["campaigns"])
    check("the table of campaigns", [(r["hold"], r["violated"], r["error at least %"]) for r in rows] == [(str(s["holds"]), str(s["violated"]), "%.2f" % (100 * s["adversarial_error_lo"]))], rows)
    classes, stages = as_dicts(f.csv["classes-1"]), as_dicts(f.csv["stages-1"])
    check("classes add up", sum(int(r["violated"]) for r in classes) == s["violated"] and sum(int(r["samples"]) for r in classes) == 60, classes)
    check("stages add up", sum(int(r["hold"]) for r in stages) == s["holds"] and sum(int(r["samples"]) for r in stages) == 60, stages)
    made = [json.load(open(f)) for f in sorted(glob.glob(p("r0.06/records/*.json")))]
    for row in as_dicts(f.csv["layers-1"]):
        mine = [l["unstable"] for r in made for l in r.get("layers", []) if l["block"] == int(row["block"])]
        check("layer %s: its open units" % row["block"], int(row["samples"]) == len(mine) > 0 and abs(float(row["unstable: mean"]) - sum(mine) / len(mine)) <= 0.006 and
              int(row["unstable: most"]) == max(mine) <= int(row["units"]), row)
    check("layers add up", len(as_dicts(f.csv["layers-1"])) == 3 and all(sum(l["unstable"] for l in r.get("layers", [])) == r["unstable"] for r in made), f.csv["layers-1"])
    results = list(csv.DictReader(open(p("r0.06/results.csv"))))
    mine = as_dicts(f.csv["samples-1"])
    check("all samples, all digits", [(r["sample"], r["verdict"], r["margin at least"], r["distance"]) for r in mine] == [
        (r["sample"], r["verdict"], r["margin_lo"], r["distance"]) for r in results])
    check("a page shows no more than a proven bound", all(float(shown) <= float(full) for shown, full in zip(
        (r["margin at least"] for r in as_dicts(f.tables["samples-1"])), (r["margin at least"] for r in mine)) if full))
    saved = len(os.listdir(p("r0.06/witness")))
    check("a picture of each witness", saved and len(f.images) == saved and all("which the network takes" in a["alt"] for a in f.images), (len(f.images), saved))
    again = text_of(p("one.html"))
    page("one.html", p("r0.06"))
    check("the same records, the same bytes", again == text_of(p("one.html")))
    f = page("two.html", p("r0.03"), p("r0.06"))
    check("side by side", len(as_dicts(f.csv["campaigns"])) == 2 and [r["what"] for r in as_dicts(f.csv["differences"])] == ["--perturb"] and "#together" in f.links, f.csv["differences"])
    shutil.copytree(p("r0.06"), p("moved"))
    j = json.load(open(p("moved/campaign.json")))
    j["net"].update(path="nowhere.onnx", absolute="/nowhere/nowhere.onnx")
    json.dump(j, open(p("moved/campaign.json"), "w"))
    f = page("moved.html", p("moved"))
    check("without the network there are no pictures, and the page says why", not f.images and "No pictures: " in f.text and "nowhere.onnx" in f.text, f.text[-600:])


def compared_solvers():
    code, out, err = run("bench", m("digits-mlp.onnx"), DATA[0], DATA[1], "--range", "0:3", "--perturb", "linf:0.05", "--encodings", "bigm,hull", "--time-limit", "20", "--dir", p("bench"), "--quiet")
    check("a comparison", code == 0, err)
    f = page("bench.html", p("bench"), p("r0.06"))
    s = json.load(open(p("bench/summary.json")))
    rows = as_dicts(f.csv["solvers-1"])
    check("as its summary", [(int(r["solved"]), float(r["sgm s"]), float(r["ratio"])) for r in rows] == [
        (c["solved"], round(c["sgm_seconds"], 3), round(c["ratio"], 2)) for c in s["configurations"]], (rows, s))
    runs = as_dicts(f.csv["runs-1"])
    check("all runs", len(runs) == len(glob.glob(p("bench/records/run.*.json"))), len(runs))
    links = [l for l in f.links if not l.startswith("#")]
    check("links lead to files", links and all(os.path.exists(p(l)) for l in links) and any(l.endswith(".mps") for l in links), links[:3])
    os.remove(sorted(glob.glob(p("bench/records/run.*.json")))[0])
    f = page("bench.html", p("bench"))
    check("while it runs", "because runs of them are to come: 1." in f.text, f.text[:300])


NASTY = "<script>alert(1)</script> & \"x\" 'y', \n z"


def made_up(name, n, more=lambda i: {}, perturb="linf:0.03"):
    """a folder of n samples after a record of batch"""
    template = json.load(open(sorted(glob.glob(p("r0.06/records/*.json")))[0]))
    rand = random.Random(5)
    os.makedirs(p(name, "records"))
    os.makedirs(p(name, "asked"))
    j = json.load(open(p("r0.06/campaign.json")))
    json.dump({**j, "flags": [{"flag": "perturb", "value": perturb}]}, open(p(name, "campaign.json"), "w"))
    open(p(name, "asked/0-%d" % (n + 3)), "w").close()
    for i in range(n):
        verdict = rand.choices(["holds", "violated", "unknown"], [80, 15, 5])[0]
        seconds = round(20 + rand.random() if verdict == "unknown" else rand.lognormvariate(-3, 2), 6)
        r = {**template, "sample": i, "label": i % 10, "predicted": i % 10, "verdict": verdict, "margin_lo": rand.gauss(0, 5), "unstable": rand.randrange(300),
             "binaries": rand.randrange(900), "cpu_seconds": seconds, "solver_seconds": 0, "wall_seconds": seconds, **more(i)}
        r.pop("witness", None)
        if verdict == "unknown":
            r.pop("proved_by", None)
            r["why"] = "the time limit of 20 s was reached"
        with open(p(name, "records/%06d.json" % i), "w") as out:
            json.dump(r, out)


def large():
    made_up("large", 10000)
    at = time.time()
    f = page("large.html", p("large"))
    seconds, size = time.time() - at, os.path.getsize(p("large.html"))
    check("10,000 samples: below 5 MB", size < 5e6, size)
    at = time.time()
    run("report", p("large"), "-o", p("large.html"))
    check("10,000 samples: below 10 s", time.time() - at < 10, time.time() - at)
    check("all samples are there", len(f.tables["samples-1"]) == 10001)
    check("what is left is said", "3 samples left" in f.text)
    hardest = as_dicts(f.tables["hardest-1"])
    check("the hardest are the open ones that took longest", len(hardest) == 50 and all(r["verdict"] == "unknown" for r in hardest) and
          [float(r["s"]) for r in hardest] == sorted((float(r["s"]) for r in hardest), reverse=True))
    f = page("three.html", p("large"), p("r0.03"), p("large"), p("large"))
    check("too many rows are left out, and said", "would make this page too long" in f.text and os.path.getsize(p("three.html")) < 8e6, os.path.getsize(p("three.html")))


def escaped():
    made_up("<i>&'.d", 40, lambda i: {"why": NASTY} if i % 2 else {}, perturb="span:<b>.npy")
    f = page("nasty.html", p("<i>&'.d"))
    text = text_of(p("nasty.html"))
    check("texts are texts", text.count("<script>") == 1 and "<b>.npy" not in text and "<i>&'" not in text and "<i>&'.d" in f.text)


def browser(name, script="", *flags):
    """the page's DOM after its script and one of ours, and what the console said"""
    text = text_of(p(name)).replace("</body>", "<script>%s</script></body>" % script)
    put("in.html", text)
    r = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--user-data-dir=" + p("profile"), *flags, "--dump-dom",
                        "file://" + p("in.html")], capture_output=True, text=True, timeout=120)
    return r.stdout, [l for l in r.stderr.splitlines() if "CONSOLE" in l]


SORT = """
const t = document.getElementById('samples-1'), head = [...t.tHead.rows[0].cells], of = name => head.findIndex(h => h.textContent === name);
const column = name => [...t.tBodies[0].rows].map(r => r.cells[of(name)].textContent);
const said = {};
head[of('s')].firstChild.click(); said.up = column('s').slice(0, 500);
head[of('s')].firstChild.click(); said.down = column('s').slice(0, 500); said.aria = head[of('s')].getAttribute('aria-sort');
const input = t.closest('details').querySelector('.filter input');
input.value = 'unknown'; input.dispatchEvent(new Event('input'));
said.shown = [...t.tBodies[0].rows].filter(r => !r.hidden).length;
said.wide = document.documentElement.scrollWidth; said.inner = innerWidth;
said.focus = [...document.querySelectorAll('.wide, th button, a, summary, input')].every(e => e.tabIndex >= 0);
document.body.dataset.said = JSON.stringify(said);
"""


def in_a_browser():
    if not BROWSER:
        skip("chromium is not installed: the page in a browser", 8)
        return
    dom, console = browser("large.html", SORT)
    check("no error in the console", dom and not console, console)
    found = re.search(r'data-said="([^"]*)"', dom)
    if not check("the script runs to its end", found, dom[-300:]):
        return
    said = json.loads(found.group(1).replace("&quot;", '"'))
    up, down = [float(v) for v in said["up"]], [float(v) for v in said["down"]]
    check("a heading sorts", up == sorted(up) and down == sorted(down, reverse=True) and said["aria"] == "descending", said["aria"])
    unknown = sum(r[3] == "unknown" for r in Page(text_of(p("large.html"))).tables["samples-1"])
    check("a field filters", said["shown"] == unknown, (said["shown"], unknown))
    check("by keyboard", said["focus"])
    dom, console = browser("one.html", SORT, "--window-size=360,740")
    said = json.loads(re.search(r'data-said="([^"]*)"', dom).group(1).replace("&quot;", '"'))
    check("a narrow screen does not scroll sideways", said["wide"] <= max(said["inner"], 360) and not console, (said["wide"], said["inner"], console))
    whole = text_of(p("two.html"))
    put("plain.html", re.sub(r"<script>.*?</script>", "", whole, flags=re.S))
    dom, console = browser("plain.html")
    check("without its script it is all there", dom.count("<tr>") == whole.count("<tr>") and "<button" not in dom and "hidden" not in dom.split("</style>")[1], console)
    out = p("shot.png")
    subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + p("profile"), "--window-size=1100,2000", "--screenshot=" + out,
                    "file://" + p("bench.html")], capture_output=True, timeout=120)
    check("it can be drawn", os.path.exists(out) and os.path.getsize(out) > 20000)


def framed(name, width, *media):
    """what ours says of the page in a frame of that width; media: pairs of texts, replaced in its style"""
    text = text_of(p(name))
    for a, b in media:
        check("the style has " + a, a in text)
        text = text.replace(a, b)
    put("frame.html", """<!DOCTYPE html><html><body><iframe width="%d" height="900" style="border:0" srcdoc="%s"></iframe><script>
    addEventListener('load', () => {
      const d = frames[0].document, style = e => frames[0].getComputedStyle(e), wide = d.documentElement.scrollWidth;
      const boxes = [...d.querySelectorAll('table, svg, img, p, h1, h2, h3, figcaption')].filter(e => !e.closest('details:not([open])'));
      const out = boxes.filter(e => !e.closest('.wide') || style(e.closest('.wide')).overflowX === 'visible').filter(e => e.getBoundingClientRect().right > d.documentElement.clientWidth + 1);
      const gone = [...d.querySelectorAll('nav, .filter, .csv')].every(e => style(e).display === 'none');
      const small = Math.min(...boxes.map(e => parseFloat(style(e).fontSize)));
      document.body.dataset.said = JSON.stringify({wide, inner: frames[0].innerWidth, out: out.map(e => e.tagName + ' ' + e.id + ' ' + e.getBoundingClientRect().right), gone, small,
        ink: style(d.body).color, back: style(d.body).backgroundColor, n: boxes.length});
    });</script></body></html>""" % (width, text.replace("&", "&amp;").replace('"', "&quot;")))
    r = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--user-data-dir=" + p("profile"), "--window-size=1400,1000",
                        *(["--blink-settings=preferredColorScheme=0"] if media else []), "--dump-dom", "file://" + p("frame.html")], capture_output=True, text=True, timeout=120)
    found = re.search(r'data-said="([^"]*)"', r.stdout)
    said = json.loads(found.group(1).replace("&quot;", '"')) if found else {}
    check("%s at %d pixels: it says what it is" % (name, width), said and not [l for l in r.stderr.splitlines() if "CONSOLE" in l], r.stderr[-300:])
    return said


def on_paper_and_phones():
    """printed pages, and screens of 360 pixels"""
    if not BROWSER:
        skip("chromium is not installed: print, narrow screens", 8)
        return
    for name in ("one.html", "two.html", "bench.html", "nasty.html"):
        s = framed(name, 360)
        check(name + ": 360 pixels, nothing sticks out", s.get("inner") == 360 and s["wide"] <= 360 and not s["out"] and s["small"] >= 12, s)
        s = framed(name, 718, ("@media print {", "@media all {"))  # A4 less margins of a centimetre, at 96 dpi
        check(name + ": on paper nothing is cut", s.get("inner") == 718 and s["wide"] <= 718 and not s["out"], s)
        check(name + ": on paper no menu, fields or links to files", s.get("gone") and s["ink"] == "rgb(0, 0, 0)" and s["back"] == "rgb(255, 255, 255)" and s["small"] >= 8, s)
        out = p(name + ".pdf")
        subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + p("profile"), "--no-pdf-header-footer", "--print-to-pdf=" + out,
                        "file://" + p(name)], capture_output=True, timeout=120)
        pdf = open(out, "rb").read() if os.path.exists(out) else b""
        pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        check(name + ": it prints", pdf.startswith(b"%PDF-") and b"%%EOF" in pdf[-20:] and 1 <= pages <= 30, (len(pdf), pages))


def refused():
    os.makedirs(p("none"))
    for name, code, needle, args in (("no folder", 2, "a folder of a campaign or a comparison", []), ("neither", 5, "no campaign.json and no bench.json", [p("none")]),
                                     ("no page", 2, ".html", [p("none"), "-o", p("x.pdf")])):
        got, out, err = run("report", *args)
        check("refuse: " + name, got == code and out == "" and needle in err, (got, err))


parts(real, compared_solvers, large, escaped, in_a_browser, on_paper_and_phones, refused)
