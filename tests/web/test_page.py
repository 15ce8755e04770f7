"""Drives the studio's page in headless Chromium, against a real `dendrite serve` and a real `dendrite-train`.

    python tests/web/test_page.py target/release/dendrite [--screenshots DIR]

Needs the Debian package chromium and the PyPI package playwright. dendrite-train is found as the studio finds it: beside
the program, on the PATH, or by DENDRITE_TRAIN.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from playwright.sync_api import Page, expect, sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# A fake microphone that beeps, granted without a question; sound may start without a click.
SWITCHES = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
# WCAG 2.2, success criterion 1.4.3.
CONTRAST = 4.5


class Studio:
    """`dendrite serve` on a free port with a data folder of its own."""

    def __init__(self, program: str, data: str):
        self.process = subprocess.Popen(
            [program, "serve", "--port", "0", "--data-dir", data], stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        self.url = re.search(r"http://\S+", line).group()

    def ask(self, path: str):
        with urllib.request.urlopen(self.url.rstrip("/") + path) as answer:
            return answer.read()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30) == 0


def opened(page: Page, url: str, size: dict) -> list[str]:
    """Opens the page and gathers what it complains of."""
    complaints = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_viewport_size(size)
    page.goto(url)
    expect(page.locator("#state")).to_contain_text("six models", timeout=30_000)
    return complaints


def real(complaints: list[str]) -> list[str]:
    """Without the software renderer's remarks on its own speed."""
    return [text for text in complaints if "GPU stall" not in text and "swiftshader" not in text.lower()]


def pixels(page: Page) -> bytes:
    """The canvas's pixels, small, drawn in the same task as they are read."""
    return bytes(
        page.evaluate(
            """() => new Promise((done) => requestAnimationFrame(() => {
                const small = new OffscreenCanvas(64, 40);
                const context = small.getContext("2d");
                context.drawImage(document.getElementById("picture"), 0, 0, 64, 40);
                done([...context.getImageData(0, 0, 64, 40).data]);
            }))"""
        )
    )


def difference(one: bytes, other: bytes) -> float:
    return sum(abs(a - b) for a, b in zip(one, other)) / len(one)


def the_picture_is_there_and_moves(page: Page):
    expect(page.locator("#picture")).to_be_visible()
    deadline = time.time() + 20
    while len(set(pixels(page))) < 20:
        assert time.time() < deadline, "the canvas stays empty"
        page.wait_for_timeout(200)


def the_canvas_changes_while_the_demo_plays(page: Page):
    page.click("#demo")
    expect(page.locator("#demo")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#state")).to_contain_text("hears the demo song")
    page.wait_for_timeout(4000)
    pictures = []
    for _ in range(6):
        pictures.append(pixels(page))
        page.wait_for_timeout(500)
    changes = [difference(a, b) for a, b in zip(pictures, pictures[1:])]
    # Of 255; at rest it is below 1 in half a second.
    assert max(changes) > 1.5, changes
    expect(page.locator("#tempo")).not_to_have_text("–")
    expect(page.locator("#chord")).not_to_have_text("–", timeout=15_000)
    print("  change between pictures half a second apart, of 255:", [round(change, 1) for change in changes])


def the_flash_limiter_holds_on_the_page(page: Page):
    """At most three pairs of opposing changes of mean luminance by a tenth in any second of the demo song's drums."""
    page.wait_for_timeout(500)
    samples = page.evaluate(
        """() => new Promise((done) => {
            const small = new OffscreenCanvas(32, 18), context = small.getContext("2d", { willReadFrequently: true });
            const out = [], began = performance.now();
            (function look() {
                context.drawImage(document.getElementById("picture"), 0, 0, 32, 18);
                const { data } = context.getImageData(0, 0, 32, 18);
                const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
                let sum = 0;
                for (let n = 0; n < data.length; n += 4) sum += 0.2126 * linear(data[n]) + 0.7152 * linear(data[n + 1]) + 0.0722 * linear(data[n + 2]);
                out.push([performance.now() - began, sum / (data.length / 4)]);
                if (performance.now() - began < 5000) requestAnimationFrame(look); else done(out);
            })();
        })"""
    )
    extreme, direction, turns = samples[0][1], 0, []
    for when, luminance in samples:
        if direction >= 0 and luminance < extreme - 0.1:
            direction, extreme = -1, luminance
            turns.append(when)
        elif direction <= 0 and luminance > extreme + 0.1:
            direction, extreme = 1, luminance
            turns.append(when)
        extreme = max(extreme, luminance) if direction > 0 else min(extreme, luminance)
    most = max((sum(1 for t in turns if s <= t < s + 1000) for s in turns), default=0)
    assert most <= 6, turns
    print(f"  {len(samples) / 5:.0f} pictures a second, {most} changes of luminance by 0.1 in the worst second")


def a_file_is_heard(page: Page):
    page.set_input_files("#file", str(ROOT / "assets/demo/dendrite_demo.ogg"))
    expect(page.locator("#state")).to_contain_text("hears a file")
    page.click("#stop")
    expect(page.locator("#state")).to_contain_text("at rest")
    page.set_input_files("#file", files=[{"name": "no.wav", "mimeType": "audio/wav", "buffer": b"no sound"}])
    notice = page.locator(".notice", has_text="no sound that this browser can decode")
    expect(notice).to_be_visible()
    notice.get_by_role("button").click()


def the_microphone_is_heard(page: Page):
    page.click("#microphone")
    expect(page.locator("#state")).to_contain_text("hears the microphone")
    # Chromium's fake device beeps once a second: onsets come, and the strip that shows them changes.
    strip = "() => document.getElementById('hearing').toDataURL()"
    before = page.evaluate(strip)
    page.wait_for_timeout(2500)
    assert page.evaluate(strip) != before
    page.click("#stop")


def models_are_loaded_and_broken_ones_explained(page: Page):
    page.click("#studio")
    page.click("#tab-models")
    message = page.locator("#model-message")
    page.set_input_files("#model-file", str(ROOT / "models/orbit_control.json"))
    expect(message).to_contain_text("(RTNeural JSON) is the orbit model, 60 values in, 9 out", timeout=20_000)
    expect(message).to_contain_text("91,561 parameters")
    expect(page.locator("#model-choice select").last).to_contain_text("orbit_control.json")
    broken = json.dumps({"in_shape": [2], "layers": [{"type": "dense", "shape": [2], "weights": [[[1, 2], [3]], [0, 0]]}]})
    page.set_input_files(
        "#model-file", files=[{"name": "broken.json", "mimeType": "application/json", "buffer": broken.encode()}]
    )
    expect(message).to_contain_text("broken.json: layers[0] (dense): weights[0][1]: expected 2 numbers, found 1")
    page.set_input_files("#model-file", files=[{"name": "x.onnx", "mimeType": "", "buffer": b"not a model"}])
    expect(message).to_contain_text("neither of an RTNeural JSON file nor of an ONNX file")


def a_training_runs_to_completed(page: Page, studio: Studio):
    page.click("#tab-training")
    page.fill('[name="epochs"]', "1")
    page.fill('[name="max_files"]', "2")
    began = time.time()
    page.click("#train-start")
    expect(page.locator("#train-status")).to_have_text("training", timeout=10_000)
    slowest = 0.0
    while page.locator("#train-status").inner_text() == "training" and time.time() < began + 300:
        asked = time.time()
        studio.ask("/api/train/status")
        slowest = max(slowest, time.time() - asked)
        page.wait_for_timeout(100)
    expect(page.locator("#train-status")).to_have_text("completed")
    expect(page.locator("#loss-curve polyline")).to_be_attached()
    expect(page.locator("#train-epochs")).to_have_text("epoch 1 of 1")
    expect(page.locator("#train-history li").first).to_contain_text("orbit, completed")
    print(f"  {time.time() - began:.1f} s; slowest answer meanwhile {slowest * 1000:.0f} ms")
    # The ONNX file of that training is a model that the page takes.
    onnx = studio.ask("/api/model/latest?format=onnx&model=orbit")
    page.click("#tab-models")
    page.set_input_files("#model-file", files=[{"name": "mine.onnx", "mimeType": "", "buffer": onnx}])
    expect(page.locator("#model-message")).to_contain_text("mine.onnx (ONNX) is the orbit model", timeout=20_000)


def everything_is_reached_by_keyboard(page: Page):
    """Tab goes through the dock; what has the focus shows it."""
    page.evaluate("document.activeElement.blur()")
    visited = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            "() => [document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]"
        )
        visited.add(name)
        assert name in ("", "volume") or outline != "none", f"{name} has the focus and does not show it"
    wanted = {"demo", "microphone", "open", "show-overlays", "full-screen", "studio"}
    assert wanted <= visited, wanted - visited
    page.locator("#studio").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("h")
    expect(page.locator("#overlays")).to_be_hidden()
    page.keyboard.press("h")


def text_has_contrast(page: Page):
    """All text against its background, with white behind the glass: the worst that the picture can do."""
    found = page.evaluate(
        """() => {
        const parse = (text) => { const v = text.match(/[\\d.]+/g).map(Number); return [...v.slice(0, 3), v[3] ?? 1]; };
        const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3]));
        const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const out = [];
        for (const element of document.querySelectorAll("body *")) {
            const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
            if (!own || !element.checkVisibility() || element.matches(":disabled")) continue;
            const layers = [];
            for (let e = element; e && e !== document.body; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
            let ground = [255, 255, 255];
            for (const layer of layers.reverse()) ground = over(layer, ground);
            const style = getComputedStyle(element);
            const colour = over(parse(element instanceof SVGElement ? style.fill : style.color), ground);
            const [a, b] = [light(colour), light(ground)].sort((x, y) => y - x);
            out.push([(a + 0.05) / (b + 0.05), element.tagName + "#" + element.id + " " + element.textContent.trim().slice(0, 30)]);
        }
        return out.sort((x, y) => x[0] - y[0]);
    }"""
    )
    assert len(found) > 10
    assert found[0][0] >= CONTRAST, found[:5]
    print(f"  least contrast {found[0][0]:.1f} of {len(found)} texts: {found[0][1]}")


def it_fits_a_phone(page: Page):
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"], width
    for name in ("demo", "microphone", "open", "stop", "studio", "full-screen"):
        box = page.locator(f"#{name}").bounding_box()
        inside = box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
        assert inside and box["y"] + box["height"] <= PHONE["height"], (name, box)
        assert box["height"] >= 32, (name, box)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the program dendrite")
    parser.add_argument("--screenshots", type=pathlib.Path, help="where pictures of the page are put")
    arguments = parser.parse_args()

    def shot(page: Page, name: str):
        if arguments.screenshots:
            arguments.screenshots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=arguments.screenshots / f"{name}.jpg", type="jpeg", quality=82)

    def step(check, *given):
        print(check.__name__.replace("_", " "), flush=True)
        check(*given)

    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        studio = Studio(arguments.program, data)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        try:
            page = browser.new_page()
            complaints = opened(page, studio.url, DESK)
            step(the_picture_is_there_and_moves, page)
            shot(page, "first-sight")
            page.get_by_role("button", name="OK").click()
            step(the_canvas_changes_while_the_demo_plays, page)
            shot(page, "demo")
            step(the_flash_limiter_holds_on_the_page, page)
            step(text_has_contrast, page)
            step(a_file_is_heard, page)
            step(the_microphone_is_heard, page)
            step(everything_is_reached_by_keyboard, page)
            # What the page is told of a refused model stands in the browser's console as well.
            calm = real(complaints)
            assert not calm, calm
            step(models_are_loaded_and_broken_ones_explained, page)
            page.click("#demo")
            shot(page, "models")
            step(text_has_contrast, page)
            step(a_training_runs_to_completed, page, studio)
            page.click("#tab-training")
            step(text_has_contrast, page)
            shot(page, "training")
            for tab in ("look", "about"):
                page.click(f"#tab-{tab}")
                step(text_has_contrast, page)
                shot(page, tab)
            page.close()

            page = browser.new_page()
            complaints = opened(page, studio.url, PHONE)
            page.get_by_role("button", name="OK").click()
            page.click("#demo")
            page.wait_for_timeout(6000)
            step(it_fits_a_phone, page)
            step(text_has_contrast, page)
            shot(page, "phone")
            page.click("#studio")
            page.click("#tab-training")
            shot(page, "phone-training")
            assert not real(complaints), complaints
        finally:
            browser.close()
            studio.end()
    print("the page works")


if __name__ == "__main__":
    sys.exit(main())
