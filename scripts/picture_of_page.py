#!/usr/bin/python3
"""A picture of a page of `attend attention`, by Chromium without a window. Debian's packages: chromium-driver, python3-selenium.

    scripts/picture_of_page.py PAGE.html PICTURE.png [--address '#view=grid'] [--dark] [--width 900] [--of .figure]

What is shown is what the address names, as `Copy link` writes it. The picture is cut to the element --of.
"""
import argparse
import pathlib
import shutil
import sys
import time

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
except ImportError:
    sys.exit("python3-selenium is not installed")

WAIT = 30  # s
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
    parser.add_argument("--of", default="main", help="a CSS selector")
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
        arguments.picture.parent.mkdir(parents=True, exist_ok=True)
        driver.find_element(By.CSS_SELECTOR, arguments.of).screenshot(str(arguments.picture))
    finally:
        driver.quit()
    print(f"{arguments.picture}: {arguments.picture.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
