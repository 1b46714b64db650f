#!/usr/bin/env python3
"""The page of `attend attention`, opened in Chromium.

    tests/cli/attention_page_check.py PAGE.html [NUMBERS.json] [--pictures FOLDER]

Checks that the console stays empty, every view draws, hovering and keys do what they should, a phone's width needs no sideways
scrolling, the dark scheme is dark, an address restores what it names, nothing is loaded or let in from elsewhere, pictures can be
saved, and that the page's weights are those of NUMBERS.json (what --json gives) to within the rounding the page states. Says how long
a frame of hovering takes. Exit code 1 with a sentence on a failure, 4 where Chromium or selenium is missing.
"""
import argparse
import base64
import json
import math
import pathlib
import random
import re
import shutil
import statistics
import sys
import tempfile
import time
import xml.etree.ElementTree

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    print("python3-selenium is not installed")
    sys.exit(4)

SAMPLES = 20000       # weights compared a part
SLOWEST_FRAME = 100   # ms, the median: far over what is aimed at (16.7), for machines that do other things meanwhile
WAIT = 60             # s


def fail(sentence):
    print(sentence)
    sys.exit(1)


def check(holds, sentence):
    if not holds:
        fail(sentence)


def browser():
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        print("chromium or chromium-driver is not installed")
        sys.exit(4)
    options = Options()
    options.binary_location = chromium
    for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1280,900"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service(driver), options=options)


class Page:
    def __init__(self, driver, path, pictures):
        self.driver, self.path, self.pictures = driver, path.resolve(), pictures
        self.width(1280, 900)
        self.scheme("light")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def open(self, address=""):
        self.driver.get("about:blank")
        self.driver.get(self.path.as_uri() + address)
        end = time.time() + WAIT
        while not self.run("return document.querySelector('.view canvas') !== null"):
            check(time.time() < end, f"{self.path}: nothing is drawn after {WAIT} s: {self.run('return document.body.innerText')[:300]}")
            time.sleep(0.05)
        self.settle()

    def settle(self):
        """Waits for what is to be drawn in this frame and the next, and for the small maps."""
        self.driver.execute_async_script("""
            const done = arguments[0];
            const wait = () => (attend.state.view === 'grid' && !attend.grid.idle() ? requestAnimationFrame(wait) : setTimeout(done, 30));
            requestAnimationFrame(() => requestAnimationFrame(wait));""")

    def set(self, **change):
        self.run("attend.set(arguments[0])", change)
        self.settle()

    def state(self, *names):
        return self.run("return arguments[0].map((name) => attend.state[name])", list(names))

    def said(self):
        return self.run("return document.querySelector('.said').textContent")

    def press(self, *keys):
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()
            self.settle()

    def width(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def scheme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def picture(self, name):
        if self.pictures:
            self.driver.save_screenshot(str(self.pictures / f"{name}.png"))

    def drawn(self):
        """The number of different colours on the view's canvases, and a sum that tells pictures apart."""
        return self.run("""
            const colours = new Set();
            let sum = 0;
            for (const canvas of document.querySelectorAll('.view canvas')) {
              const copy = attend.picture.canvasOf(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true});
              copy.drawImage(canvas, 0, 0);
              const pixels = new Uint32Array(copy.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
              for (let i = 0; i < pixels.length; i += 3) {
                if (pixels[i]) colours.add(pixels[i]);
                sum = (sum * 31 + pixels[i]) % 4294967291;
              }
            }
            return [colours.size, sum];""")

    def console(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def check_views(page, parts):
    for part, each in enumerate(parts):
        for view in ["lines", "grid", "map"]:
            page.set(part=part, view=view, layer=each["layers"] // 2, token=None, key=None)
            colours, _ = page.drawn()
            check(colours > 3, f"part {each['name']}, view {view}: {colours} colours on the canvas; nothing seems to be drawn")
            page.picture(f"{each['name']}-{view}")
        for show in page.run("return [...document.querySelector('select[aria-label=\"what is shown\"]').options].map((o) => o.value)"):
            page.set(view="map", show=show)
            check(page.drawn()[0] > 1 and page.state("show") == [show], f"part {each['name']}: '{show}' draws nothing")
            if show != "heads":
                page.picture(f"{each['name']}-{show}")
        page.set(show="heads")
    print("every view draws, in every part")


def check_hover(page, parts):
    page.set(part=0, view="lines", layer=0, token=None)
    before = page.drawn()
    count = page.run("return document.querySelectorAll('.query .token').length")
    index = min(2, count - 1)
    token = page.driver.find_elements(By.CSS_SELECTOR, ".query .token")[index]
    ActionChains(page.driver).move_to_element(token).perform()
    page.settle()
    check("focus" in token.get_attribute("class"), "hovering a token does not highlight it")
    check(page.drawn() != before, "hovering a token does not change the lines")
    check("looks at" in page.said(), f"hovering a token says '{page.said()}'; expected what it looks at")
    drawn, most = page.run("return [attend.lines.count(), attend.lines.most]")
    check(0 < drawn <= most, f"hovering a token draws {drawn} lines; expected 1 to {most}, though many weights be equal")
    page.picture("hover-lines")
    token.click()
    page.settle()
    check(page.state("token") == [index], "a click does not hold the token")
    token.click()
    page.settle()
    check(page.state("token") == [None], "a second click does not let go of the token")

    page.set(view="map", layer=0, head=0)
    x, y = page.run("""
        const g = attend.map.geometry(), frame = document.querySelector('.map').getBoundingClientRect();
        return [frame.left + g.left + 1.5 * g.cell, frame.top + g.top + 0.5 * g.cell];""")
    page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y})
    page.settle()
    tip = page.run("const tip = document.querySelector('.tip'); return tip && !tip.hidden ? tip.textContent : ''")
    key = 1 if page.run("return attend.data.parts[0].keys.length") > 1 else 0
    digits = 3 if parts[0]["weights"]["levels"] else 4
    number = page.run("return attend.data.number(attend.weight(0, 0, 0, 0, arguments[0]), arguments[1])", key, digits)
    check("→" in tip and tip.endswith(number), f"hovering a cell shows '{tip}'; expected two tokens and {number}")
    page.picture("hover-map")
    page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 2, "y": 2})
    if parts[0]["layers"] * parts[0]["heads"] > 1:
        page.set(view="grid")
        page.driver.find_elements(By.CSS_SELECTOR, ".cell")[-1].click()
        page.settle()
        expected = ["map", parts[0]["layers"] - 1, parts[0]["heads"] - 1]
        check(page.state("view", "layer", "head") == expected, "a click on a small map does not open it")
    print("hovering and clicking do what they should")


def check_keys(page, parts):
    page.open()
    last_layer, last_head = min(1, parts[0]["layers"] - 1), min(1, parts[0]["heads"] - 1)
    for key, view in [("2", "grid"), ("3", "map"), ("1", "lines")]:
        page.press(key)
        check(page.state("view") == [view], f"the key {key} does not open the view {view}")
    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    check(page.state("token") == [1], f"two presses of arrow down lead to token {page.state('token')}; expected 1")
    page.press(Keys.ARROW_UP)
    check(page.state("token") == [0], "arrow up does not go to the token before")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)  # the first leaves one head on
    check(page.state("head") == [last_head] or parts[0]["heads"] == 1, "arrow right does not go to the next head")
    with_shift = ActionChains(page.driver).key_down(Keys.SHIFT).send_keys(Keys.ARROW_DOWN).key_up(Keys.SHIFT)
    with_shift.perform()
    page.settle()
    check(page.state("layer") == [last_layer], "shift and arrow down do not go to the next layer")
    page.press("3", Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    check(page.state("token", "key") == [1, min(1, page.run("return attend.model.part().keys.length") - 1)],
          f"arrows in the map lead to {page.state('token', 'key')}; expected [1, 1]")
    page.press(Keys.ESCAPE)
    check(page.state("token", "key") == [None, None], "Escape does not let go of the cell")
    page.press("2", Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    check(page.said() != "", "nothing is said of a small map")
    if len(parts) > 1:
        page.press("p")
        check(page.state("part") == [1], "the key p does not go to the next part")
    page.press("1", "/")
    word = page.run("return attend.model.part().queries.find((token) => /^[a-z]+$/i.test(token)) || ''")
    if word:
        page.press(word, Keys.ENTER)
        token = page.state("token")[0]
        check(token is not None and word.lower() in page.run("return attend.model.part().queries[arguments[0]].toLowerCase()", token),
              f"searching for '{word}' does not find it")
        page.picture("search")
    print("keys and search work")


def check_address(page, parts):
    part = parts[-1]
    wanted = {"view": "lines", "layer": part["layers"] - 1, "head": part["heads"] - 1, "token": 1}
    page.open("#part={}&{}".format(part["name"], "&".join(f"{name}={value}" for name, value in wanted.items())))
    check(page.state(*wanted) == list(wanted.values()) and page.state("part") == [len(parts) - 1],
          f"the address restores {page.state(*wanted)}; expected {list(wanted.values())}")
    said, picture = page.said(), page.drawn()
    page.set(view="map", layer=0, head=0, token=0, key=0)
    time.sleep(0.3)
    written = page.run("return location.hash")
    check("view=map" in written and "token=0" in written, f"the address is {written}; expected view=map and token=0 in it")
    page.run("location.hash = arguments[0]", "#part={}&{}".format(part["name"], "&".join(f"{n}={v}" for n, v in wanted.items())))
    time.sleep(0.1)
    page.settle()
    check(page.said() == said and page.drawn() == picture, "a changed address does not bring the same picture back")
    page.open("#part=none&view=nothing&layer=99999&head=-3&token=1e9&side=x&key=abc&show=zzz&heads=1.2.77.x")
    check(page.drawn()[0] > 0, "an address of nonsense draws nothing")
    print("addresses restore what they name")


def check_phone(page, parts):
    page.width(360, 740)
    page.open()
    for part in range(len(parts)):
        for view in ["lines", "grid", "map"]:
            page.set(part=part, view=view)
            wide = page.run("return document.documentElement.scrollWidth")
            check(wide <= 360, f"at 360 pixels the view {view} of {parts[part]['name']} makes the page {wide} wide")
            if part == 0:
                page.picture(f"phone-{view}")
    page.set(part=0, view="lines", token=None)
    page.run("document.querySelector('.query .token').scrollIntoView({block: 'center'})")
    box = page.run("const r = document.querySelector('.query .token').getBoundingClientRect(); return [r.x, r.y, r.width, r.height]")
    check(box[3] >= 24, "tokens are too small to tap")
    touch = {"x": box[0] + box[2] / 2, "y": box[1] + box[3] / 2}
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [touch]})
    page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    time.sleep(0.2)
    page.settle()
    check(page.state("token") == [0], f"a tap on the first token leads to token {page.state('token')[0]}")
    page.picture("phone-tap")
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    page.width(1280, 900)
    print("a phone's width is enough, and a tap does what hovering does")


def check_dark(page):
    light = page.run("return getComputedStyle(document.body).backgroundColor")
    page.set(part=0, view="grid")
    before = page.drawn()
    page.scheme("dark")
    page.settle()
    page.settle()
    dark = page.run("return getComputedStyle(document.body).backgroundColor")
    brightness = [sum(int(value) for value in re.findall(r"\d+", colour)[:3]) for colour in (light, dark)]
    check(brightness[0] > 600 and brightness[1] < 150, f"the page's ground is {light} in light and {dark} in dark")
    check(page.drawn() != before, "the maps do not change with the scheme")
    for view in ["lines", "grid", "map"]:
        page.set(view=view, token=1)
        page.picture(f"dark-{view}")
    page.scheme("light")
    page.settle()
    print("the dark scheme is dark")


def check_pictures(page, folder):
    for view in ["lines", "grid", "map"]:
        page.set(part=0, view=view, token=1)
        for kind in ["svg", "png"]:
            text = page.driver.execute_async_script("""
                const [kind, done] = arguments;
                Promise.resolve(attend.picture.blobOf(kind, attend.page.pictureNow())).then((blob) => {
                  const reader = new FileReader();
                  reader.onload = () => done(reader.result);
                  reader.readAsDataURL(blob);
                }, (error) => done('failed: ' + error));""", kind)
            check(text.startswith("data:image/"), f"the {kind} of {view} cannot be made: {text[:200]}")
            content = base64.b64decode(text.split(",", 1)[1])
            if kind == "png":
                check(content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) > 1000, f"the PNG of {view} is none")
            else:
                root = xml.etree.ElementTree.fromstring(content)
                check(root.tag.endswith("svg") and len(list(root.iter())) > 8, f"the SVG of {view} is empty")
            if folder:
                (folder / f"saved-{view}.{kind}").write_bytes(content)
    print("pictures can be saved")


def check_closed(page, text):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    check(policy, "the page has no content security policy")
    check("default-src 'none'" in policy[1] and "unsafe" not in policy[1], f"the policy lets too much in: {policy[1]}")
    check(page.run("return performance.getEntriesByType('resource').length") == 0, "the page loads something")
    page.run("""const script = document.createElement('script'); script.textContent = 'globalThis.broken_in = true';
                document.body.append(script);""")
    check(not page.run("return globalThis.broken_in"), "a script that is not the page's own runs in it")
    page.console()  # says that it was refused
    print("nothing is loaded, and no other script runs")


def check_numbers(page, parts, numbers):
    generator, worst = random.Random(1), 0.0
    check(len(numbers["parts"]) == len(parts), f"the page has {len(parts)} parts, the numbers {len(numbers['parts'])}")
    for place, (part, expected) in enumerate(zip(parts, numbers["parts"])):
        levels, weights = part["weights"]["levels"], expected["weights"]
        sizes = len(weights), len(weights[0]), len(weights[0][0]), len(weights[0][0][0])
        at = [[generator.randrange(size) for size in sizes] for _ in range(min(SAMPLES, 4 * math.prod(sizes)))]
        found = page.run("return arguments[1].map((at) => { const w = attend.weight(arguments[0], ...at); return w === w ? w : null; })",
                         place, at)
        half = 0.5 / (levels - 1) if levels else 0
        for (layer, head, query, key), weight in zip(at, found):
            true = weights[layer][head][query][key]
            where = f"{part['name']}, layer {layer}, head {head}, query {query}, key {key}"
            check((weight is None) == (true is None), f"{where}: the page has {weight}, the numbers {true}")
            if true is None:
                continue
            allowed = 2 * math.sqrt(true) * half + half * half + 1e-6 if levels else 1e-7
            check(abs(weight - true) <= allowed, f"{where}: the page has {weight}, the numbers {true}; at most {allowed:.2g} apart")
            worst = max(worst, abs(weight - true))
        if levels:
            notes = page.run("return document.querySelector('.notes').textContent")
            check("rounded to" in notes, "the page does not say that it is rounded")
    print(f"the weights are those of the numbers; at most {worst:.2g} apart")


def frames_of(page, view):
    """Milliseconds of what a frame of hovering takes, and from frame to frame, over 90 frames of a mouse that moves in every one."""
    page.set(part=0, view=view, token=None, key=None, layer=page.run("return attend.data.parts[0].layers >> 1"))
    page.run("attend.set({on: new Set(Array.from({length: attend.data.parts[0].heads}, (_, i) => i))})")
    page.settle()
    return page.driver.execute_async_script("""
        const [view, done] = arguments, gaps = [];
        const part = attend.data.parts[0], tokens = document.querySelectorAll('.query .token'), cells = document.querySelectorAll('.cell');
        attend.page.times.length = 0;
        const over = (name, more) => new PointerEvent(name, {bubbles: true, pointerType: 'mouse', ...more});
        let count = 0, before = 0;
        const step = (now) => {
          if (before) gaps.push(now - before);
          before = now;
          if (++count > 92) return done([attend.page.times.slice(), gaps.slice(1)]);
          if (view === 'lines') tokens[count % tokens.length].dispatchEvent(over('pointerover'));
          if (view === 'grid') cells[count % cells.length].dispatchEvent(over('pointerover'));
          if (view === 'map') {
            const box = document.querySelector('.map'), frame = box.getBoundingClientRect(), g = attend.map.geometry();
            box.dispatchEvent(over('pointermove', {clientX: frame.left + g.left + (count * 3 % part.keys.length + 0.5) * g.cell,
                                                   clientY: frame.top + g.top + (count * 2 % part.queries.length + 0.5) * g.cell}));
          }
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);""", view)


def check_frames(page):
    for view in ["lines", "grid", "map"]:
        work, gaps = frames_of(page, view)
        if not work:
            continue
        middle, worst = statistics.median(work), max(work)
        print(f"hovering in {view}: {middle:.1f} ms a frame (at most {worst:.1f}), frames {statistics.median(gaps):.1f} ms apart "
              f"(95 % within {sorted(gaps)[int(0.95 * len(gaps))]:.1f})")
        check(middle < SLOWEST_FRAME, f"hovering in {view} takes {middle:.1f} ms a frame; expected less than {SLOWEST_FRAME}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("numbers", type=pathlib.Path, nargs="?")
    parser.add_argument("--pictures", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    text = arguments.page.read_text(encoding="utf-8")
    check(len(text.encode()) < 15e6, f"{arguments.page}: {len(text.encode()) / 1e6:.1f} MB; at most 15")
    parts = json.loads(re.search(r'<script type="application/json" id="attention-data">(.*?)</script>', text, re.DOTALL)[1])["parts"]
    driver = browser()
    try:
        driver.set_script_timeout(WAIT)
        page = Page(driver, arguments.page, arguments.pictures)
        start = time.time()
        page.open()
        print(f"{len(text.encode()) / 1e6:.2f} MB, opened in {time.time() - start:.1f} s")
        check_views(page, parts)
        check_hover(page, parts)
        check_keys(page, parts)
        check_address(page, parts)
        check_phone(page, parts)
        page.open()
        check_dark(page)
        check_pictures(page, arguments.pictures)
        if arguments.numbers:
            check_numbers(page, parts, json.loads(arguments.numbers.read_text(encoding="utf-8")))
        check_frames(page)
        messages = page.console()
        check(not messages, f"the console says: {messages[:3]}")
        check_closed(page, text)
    finally:
        driver.quit()
    print("the page holds")


if __name__ == "__main__":
    main()
