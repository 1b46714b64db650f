"""The page of `attend report`, opened in Chromium.

usage: report_in_browser.py ATTEND_BINARY [FOLDER]    (exits with 4, which ctest shows as skipped, without Chromium or selenium)

Checks that the console stays empty, charts draw, hovering says what metrics.jsonl holds, keys, mouse and address do what they should, a
phone's width needs no sideways scrolling, the dark scheme is dark, foreign text runs nothing, nothing is loaded or let in, and that a
frame over a million records is short. FOLDER keeps the pages and their pictures."""
import json
import math
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

from attention_page_check import ActionChains, Keys, browser, check

attend = sys.argv[1]
MILLION = 1_000_000
SLOWEST_FRAME = 100  # ms, the median: far over what is aimed at (16.7), for machines that do other things meanwhile
LARGEST_PAGE = 25e6  # bytes, of a million records
WAIT = 60            # s
BAD_NAME = "<script>globalThis.broken_in = 1<"


def write_run(folder, steps, settings, broken=False, every=10, generator=random.Random(1)):
    """A run whose loss falls, with evaluations; returns its records."""
    folder.mkdir(parents=True)
    records = []
    for step in range(every, steps + 1, every):
        loss = 6 * math.exp(-3 * step / steps) + 1 + generator.gauss(0, 0.1)
        record = {"step": step, "epoch": 0, "loss": loss, "learning_rate": 1e-3 * min(1, 10 * step / steps),
                  "gradient_norm": math.exp(generator.gauss(0, 0.4)), "tokens_per_second": 30000 + generator.gauss(0, 800),
                  "seconds": step * 0.05}
        if broken and step in (every, steps // 2):
            record.update(loss=None, gradient_norm=None)
        records.append(record)
        if step % (steps // 10) == 0:
            records.append({"step": step, "evaluation": {"loss": loss - 0.5, "bleu": 40 * step / steps}, "seconds": step * 0.05 + 1,
                            "samples": [{"input": "ein Hund", "expected": "a dog", "output": f"{BAD_NAME if broken else 'dog'} {step}"}]})
    if broken:
        records.append({"step": steps, "average": {"loss": 1.0, "bleu": 41.0}, "seconds": steps})
        records += [{"step": step, "skipped": "</script><script>globalThis.broken_in = 2</script>"} for step in (40, 55, 56)]
    with open(folder / "metrics.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    (folder / "run.toml").write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()), encoding="utf-8")
    return records


def report(page, *folders):
    done = subprocess.run([attend, "report", *map(str, folders), "--output", str(page), "-q"], text=True, capture_output=True)
    check(done.returncode == 0, f"attend report ended with {done.returncode}: {done.stderr}")


class Page:
    def __init__(self, driver, path):
        self.driver, self.path = driver, path.resolve()
        self.width(1280, 900)
        self.scheme("light")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def open(self, address=""):
        self.driver.get("about:blank")
        self.driver.get(self.path.as_uri() + address)
        end = time.time() + WAIT
        while not self.run("return document.querySelector('.view canvas') !== null && attend.page.idle()"):
            check(time.time() < end, f"{self.path}: nothing is drawn after {WAIT} s: {self.run('return document.body.innerText')[:300]}")
            time.sleep(0.05)
        self.settle()

    def settle(self):
        """Waits for what is to be drawn."""
        self.driver.execute_async_script("""
            const done = arguments[0], wait = () => (attend.page.idle() ? setTimeout(done, 30) : requestAnimationFrame(wait));
            requestAnimationFrame(() => requestAnimationFrame(wait));""")

    def set(self, **change):
        self.run("attend.set(arguments[0])", change)
        self.settle()

    def state(self, name):
        return self.run("const value = attend.state[arguments[0]]; return value instanceof Set ? [...value] : value", name)

    def press(self, *keys):
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()
            self.settle()

    def width(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def scheme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def mouse(self, kind, chart, share, **more):
        """The mouse over a chart, at a share of its axis."""
        x, y = self.run("""const chart = attend.page.charts[arguments[0]], frame = chart.view.getBoundingClientRect();
                           return [frame.left + attend.Chart.left + arguments[1] * chart.plot, frame.top + 100];""", chart, share)
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **more})
        self.settle()

    def values(self, chart):
        """The text of each run below a chart."""
        return self.run("return attend.page.charts[arguments[0]].rows.map(({value, more}) => [value.textContent, more.textContent])", chart)

    def drawn(self, chart=0):
        """The number of colours on a chart's ground, and a sum that tells pictures apart."""
        return self.run("""
            const {ground} = attend.page.charts[arguments[0]], copy = document.createElement('canvas');
            [copy.width, copy.height] = [ground.width, ground.height];
            const context = copy.getContext('2d', {willReadFrequently: true});
            context.drawImage(ground, 0, 0);
            const pixels = new Uint32Array(context.getImageData(0, 0, copy.width, copy.height).data.buffer);
            let sum = 0;
            for (const pixel of pixels) sum = (sum * 31 + pixel) % 4294967291;
            return [new Set(pixels).size, sum];""", chart)

    def console(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def is_shown(text, number):
    """Whether a text is a number to its five digits."""
    return abs(float(text.replace(",", "")) - number) <= 1e-4 * abs(number)


def check_hover(page, records):
    losses = {record["step"]: record["loss"] for record in records if "loss" in record}
    for share in (0.1, 0.33, 0.7, 0.98):
        page.mouse("mouseMoved", 0, share)
        step = page.run("return attend.model.cursor()")
        check(step in losses, f"the cursor is at {step}, which is no step of a record")
        check(is_shown(page.values(0)[0][0], losses[step]), f"at step {step} the page says {page.values(0)[0][0]}; the file {losses[step]}")
        exact = page.run("return attend.page.charts[0].readings()[0].value")
        check(abs(exact - losses[step]) < 1e-6 * losses[step], f"at step {step} the page has {exact}, the file {losses[step]}")
    page.mouse("mouseMoved", 0, 0.5)
    check("Step" in page.run("return document.querySelector('.said').textContent"), "nothing is said of the cursor")
    index = page.run("return attend.page.charts.findIndex((chart) => chart.title === 'Evaluation: bleu')")
    page.run("attend.page.charts[arguments[0]].view.scrollIntoView({block: 'center'}); attend.model.hold(1000)", index)
    page.settle()
    check("the best" in page.values(index)[0][1], f"the best evaluation is not marked: {page.values(index)[0]}")
    page.run("scrollTo(0, 0)")
    page.press(Keys.ESCAPE)
    print("hovering says what the file holds")


def check_samples(page):
    """A row a run, of the evaluation at or before the cursor."""
    rows = "return [...document.querySelectorAll('.samples tbody tr')].map((row) => row.hidden ? '' : row.innerText.replace(/\\s+/g, ' '))"
    for at, step in ((None, 1000), (250, 200), (300, 300), (20, 100)):
        page.set(at=at)
        found = page.run(rows)
        check(len(found) == 2 and f"first step {step:,} dog {step}" in found[0], f"with the cursor at {at} the samples are {found}")
    page.set(off=[0])
    check(page.run(rows)[0] == "", "the samples of a run that is switched off stay")
    page.set(off=[], at=None)
    print("samples follow the cursor")


def check_broken(page):
    """The second run has records without numbers, skipped steps, and text that would like to be a script."""
    page.set(at=500)
    check(page.values(0)[1][0] == "not a number", f"a loss of null is shown as '{page.values(0)[1][0]}'")
    check(page.drawn()[0] > 10, "a loss of null stops the drawing")
    check(not page.run("return globalThis.broken_in"), "a run's text ran as a script")
    text = page.run("return document.body.innerText")
    check(BAD_NAME in text and "Ticks at the bottom: 3 skipped steps" in text, "the run's name or its skipped steps are not shown")
    heads = "section[aria-label='Settings that differ'] tbody th"
    rows = page.run("return [...document.querySelectorAll(arguments[0])].map((head) => head.textContent)", heads)
    check(rows == ["preset", "seed"], f"the settings that differ are {rows}; expected preset and seed")
    page.set(at=None)
    print("numbers that are none, and foreign text, break nothing")


def check_controls(page):
    whole = page.drawn()
    page.mouse("mousePressed", 0, 0.3, button="left", buttons=1, clickCount=1)
    page.mouse("mouseMoved", 0, 0.6, button="left", buttons=1)
    page.mouse("mouseReleased", 0, 0.6, button="left", clickCount=1)
    check(250 < page.state("from") < 350 and 550 < page.state("to") < 650, f"a drag shows {page.state('from')} to {page.state('to')}")
    check(page.drawn() != whole, "a drag does not change the picture")
    page.press("0")
    check(page.state("from") is None and page.drawn() == whole, "the key 0 does not show everything again")
    page.press("l")
    check(page.state("log") is True and page.drawn() != whole, "the key l does not change the axis")
    page.press("l", "x")
    check(page.state("axis") == "seconds" and page.drawn() != whole, "the key x does not change to time")
    page.press("x", "2")
    check(page.state("off") == [1] and page.drawn() != whole, "the key 2 does not take the second run away")
    page.press("2", Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    check(page.state("at") == 30, f"Home and two arrows lead to step {page.state('at')}; expected 30")
    page.press(Keys.ARROW_LEFT)
    check(page.state("at") == 20, "arrow left does not go to the record before")
    page.press("+")
    check(page.state("to") - page.state("from") < 600, "the key + does not look closer")
    page.press(Keys.ESCAPE)
    check(page.state("at") is None and page.state("from") is not None, "Escape does not let go of the cursor")
    page.press(Keys.ESCAPE)
    check(page.state("from") is None and page.drawn() == whole, "a second Escape does not show everything")
    page.mouse("mousePressed", 0, 0.5, button="left", buttons=1, clickCount=1)
    page.mouse("mouseReleased", 0, 0.5, button="left", clickCount=1)
    check(page.state("at") is not None, "a click does not hold the cursor")
    page.set(at=None, smooth=0.9)
    check(page.drawn() != whole, "smoothing does not change the picture")
    mean, known = 0.0, 0.0
    values = page.run("return [...attend.data.runs[0].columns.loss]")
    for value in values:
        mean, known = 0.9 * mean + 0.1 * value, 0.9 * known + 0.1
    page.press(Keys.END)
    check(is_shown(page.values(0)[0][0], mean / known), f"smoothed, the last loss is {page.values(0)[0][0]}; expected {mean / known}")
    page.set(smooth=0, at=None)
    order = []
    page.run("document.activeElement.blur()")
    for _ in range(60):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        order.append(page.run("return document.activeElement.className || document.activeElement.tagName"))
    check({"chip", "view", "button", "INPUT", "scroll"} <= set(order), f"the TAB key reaches only {sorted(set(order))}")
    print("mouse, keys and smoothing do what they should")


def check_address(page):
    wanted = {"axis": "seconds", "log": True, "smooth": 0.6, "off": [1], "from": 10.0, "to": 40.0, "at": 20.0}
    page.open("#axis=seconds&log=1&smooth=0.6&off=1&from=10&to=40&at=20")
    found = {name: page.state(name) for name in wanted}
    check(found == wanted, f"the address restores {found}; expected {wanted}")
    page.set(axis="step", log=False)
    time.sleep(0.3)
    check("axis=step" in page.run("return location.hash") and "log" not in page.run("return location.hash"), "the address does not follow")
    page.open("#axis=none&smooth=abc&off=1.77.x&from=5&to=-5&at=1e999&log=7")
    check(page.drawn()[0] > 3 and page.state("from") is None and page.state("at") is None, "an address of nonsense draws nothing")
    page.open()
    print("addresses restore what they name")


def check_phone_and_dark(page, keep):
    page.width(360, 740)
    page.open()
    wide = page.run("return document.documentElement.scrollWidth")
    check(wide <= 360, f"at 360 pixels the page is {wide} wide")
    lefts = page.run("return attend.page.charts.map((chart) => chart.box.getBoundingClientRect().left)")
    check(len(set(lefts)) == 1, "on a phone the charts are not in one column")
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    x, y = page.run("""attend.page.charts[0].view.scrollIntoView({block: 'center'});
                       const frame = attend.page.charts[0].view.getBoundingClientRect(); return [frame.left + 200, frame.top + 100];""")
    page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.settle()
    check(page.state("at") is not None, "a tap does not hold the cursor")
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    page.driver.save_screenshot(str(keep / "phone.png"))
    page.width(1280, 900)
    page.scheme("dark")
    page.open()
    colour = page.run("return getComputedStyle(document.body).backgroundColor")
    check(sum(map(int, re.findall(r"\d+", colour)[:3])) < 150, f"in the dark scheme the page is {colour}")
    page.driver.save_screenshot(str(keep / "dark.png"))
    page.scheme("light")
    page.open()
    page.driver.save_screenshot(str(keep / "light.png"))
    print("a phone's width and the dark scheme hold")


def check_closed(page):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page.path.read_text(encoding="utf-8"))
    check(policy and "default-src 'none'" in policy[1] and "unsafe" not in policy[1], "the policy lets too much in, or is missing")
    check(page.run("return performance.getEntriesByType('resource').length") == 0, "the page loads something")
    page.run("""const script = document.createElement('script'); script.textContent = 'globalThis.broken_in = 3';
                document.body.append(script);""")
    check(not page.run("return globalThis.broken_in"), "a script that is not the page's own runs in it")
    page.console()  # says that it was refused
    print("nothing is loaded, and no other script runs")


def frames_of(page, act):
    """Milliseconds that a frame's work takes, and from frame to frame, over 120 frames in each of which `act` happens."""
    return page.driver.execute_async_script("""
        const [act, done] = arguments, gaps = [], kind = act === 'hover' ? 'hover' : 'state', {view, plot} = attend.page.charts[0];
        attend.page.times[kind].length = 0;
        let count = 0, before = 0;
        const step = (now) => {
          if (before) gaps.push(now - before);
          before = now;
          if (++count > 122) return done([attend.page.times[kind].slice(), gaps.slice(1)]);
          const frame = view.getBoundingClientRect(), x = frame.left + attend.Chart.left + count * 37 % plot;
          const moved = new PointerEvent('pointermove', {bubbles: true, pointerType: 'mouse', clientX: x, clientY: frame.top + 90});
          if (act === 'hover') view.dispatchEvent(moved);
          if (act === 'zoom') attend.model.zoom(count < 60 ? 0.9 : 1.1, 400000);
          if (act === 'pan') attend.model.pan(count < 60 ? 0.01 : -0.01);
          if (act === 'smooth') attend.set({smooth: 0.9 + count / 2000});
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);""", act)


def check_million(driver, scratch):
    write_run(scratch / "million", MILLION, {"seed": 1}, every=1)
    path, start = scratch / "million.html", time.time()
    report(path, scratch / "million")
    print(f"{MILLION} records: {path.stat().st_size / 1e6:.1f} MB, written in {time.time() - start:.1f} s")
    check(path.stat().st_size < LARGEST_PAGE, f"the page is {path.stat().st_size / 1e6:.1f} MB; at most {LARGEST_PAGE / 1e6}")
    page, start = Page(driver, path), time.time()
    page.open()
    print(f"opened in {time.time() - start:.1f} s")
    check(page.run("return attend.data.runs[0].x.step.length") == MILLION, "records are missing")
    for act in ("hover", "zoom", "pan", "smooth"):
        if act == "pan":
            page.set(**{"from": 300000, "to": 500000})
        work, gaps = frames_of(page, act)
        middle, late = statistics.median(work), sorted(work)[int(0.95 * len(work))]
        print(f"{act}: {middle:.1f} ms a frame (95 % within {late:.1f}), frames {statistics.median(gaps):.1f} ms apart "
              f"(95 % within {sorted(gaps)[int(0.95 * len(gaps))]:.1f})")
        most = SLOWEST_FRAME * (4 if act == "smooth" else 1)  # which goes through every record
        check(middle < most, f"{act} takes {middle:.1f} ms a frame; expected less than {most}")
    messages = page.console()
    check(not messages, f"the console says: {messages[:3]}")


def main(scratch):
    driver = browser()
    try:
        driver.set_script_timeout(WAIT)
        records = write_run(scratch / "runs/first", 1000, {"output": "a", "steps": 1000, "preset": "tiny", "seed": 1})
        foreign = {"output": "b", "steps": 1000, "preset": "</script><img src=x onerror=alert(1)>", "seed": 2}
        write_run(scratch / "runs" / BAD_NAME, 1000, foreign, broken=True)
        report(scratch / "page.html", scratch / "runs/first", scratch / "runs" / BAD_NAME)
        page = Page(driver, scratch / "page.html")
        page.open()
        check_hover(page, records)
        check_samples(page)
        check_broken(page)
        check_controls(page)
        check_address(page)
        check_phone_and_dark(page, scratch)
        messages = page.console()
        check(not messages, f"the console says: {messages[:3]}")
        check_closed(page)
        check_million(driver, scratch)
    finally:
        driver.quit()
    print("the page holds")
    return 0


if len(sys.argv) > 2:
    kept = pathlib.Path(sys.argv[2])
    kept.mkdir(parents=True, exist_ok=True)
    sys.exit(main(kept))
with tempfile.TemporaryDirectory() as folder:
    sys.exit(main(pathlib.Path(folder)))
