#!/usr/bin/python3
"""A picture of a page of `attend attention` or `attend report`, by Chromium without a window. Debian's packages: chromium-driver, python3-selenium.

    scripts/picture_of_page.py PAGE.html PICTURE.png [--address '#view=grid'] [--dark] [--width 900] [--of .figure]

What is shown is what the address names, as `Copy link` writes it. The picture is cut to the elements that --of names.
"""
import argparse
import base64
import pathlib
import shutil
import sys
import time

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
except ImportError:
    sys.exit("python3-selenium is not installed")

WAIT = 30  # s
MARGIN = 8  # pixels
BOX = """
const boxes = [...document.querySelectorAll(arguments[0])].filter((each) => !each.hidden).map((each) => each.getBoundingClientRect());
if (boxes.length === 0) return null;
const left = Math.max(0, Math.min(...boxes.map((box) => box.left)) - arguments[1]), right = Math.max(...boxes.map((box) => box.right)) + arguments[1];
const top = Math.max(0, Math.min(...boxes.map((box) => box.top)) - arguments[1]), bottom = Math.max(...boxes.map((box) => box.bottom)) + arguments[1];
return {x: left + scrollX, y: top + scrollY, width: right - left, height: bottom - top};"""
DRAWN = "return document.querySelector('.view canvas') !== null && (attend.state.view !== 'grid' || attend.grid.idle())"


def browser():
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        sys.exit("chromium or chromium-driver is not installed")
    options = Options()
    options.binary_location = chromium
    for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"]:
        options.add_argument(argument)
    return webdriver.Chrome(service=Service(driver), options=options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("picture", type=pathlib.Path)
    parser.add_argument("--address", default="", help="what follows the page's name: #view=map&layer=1")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=900)
    parser.add_argument("--height", type=int, default=1000, help="of the window; the picture is as high as its element")
    parser.add_argument("--of", default="h1, nav, .figure", help="a CSS selector")
    arguments = parser.parse_args()
    driver = browser()
    try:
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                               {"width": arguments.width, "height": arguments.height, "deviceScaleFactor": 1, "mobile": False})
        scheme = "dark" if arguments.dark else "light"
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        driver.get(arguments.page.resolve().as_uri() + arguments.address)
        end = time.time() + WAIT
        while not driver.execute_script(DRAWN):
            if time.time() > end:
                sys.exit(f"{arguments.page}: nothing is drawn after {WAIT} s")
            time.sleep(0.05)
        time.sleep(0.3)  # two frames, and more
        box = driver.execute_script(BOX, arguments.of, MARGIN)
        if box is None:
            sys.exit(f"{arguments.page}: nothing is '{arguments.of}'")
        shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": {**box, "scale": 1}})
        arguments.picture.parent.mkdir(parents=True, exist_ok=True)
        arguments.picture.write_bytes(base64.b64decode(shot["data"]))
    finally:
        driver.quit()
    print(f"{arguments.picture}: {arguments.picture.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
