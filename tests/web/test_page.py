"""Drives the studio's page in headless Chromium, against a real `dendrite serve` and a real `dendrite-train`.

    python tests/web/test_page.py target/release/dendrite [--load target/release/examples/load] [--screenshots DIR]

Needs the Debian package chromium and the PyPI packages numpy and playwright. dendrite-train is found as the studio finds it: beside
the program, on the PATH, or by DENDRITE_TRAIN.
"""

import argparse
import base64
import io
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
import wave

import numpy as np
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


def watched(page: Page, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Times in s and pictures (n, 36, 64, 3), linear light, as the page draws them."""
    times, width, height, pictures = page.evaluate(
        """(seconds) => new Promise((done) => {
            const small = new OffscreenCanvas(64, 36), context = small.getContext("2d", { willReadFrequently: true });
            const times = [], pictures = [], began = performance.now();
            (function look() {
                context.drawImage(document.getElementById("picture"), 0, 0, 64, 36);
                pictures.push(context.getImageData(0, 0, 64, 36).data);
                times.push((performance.now() - began) / 1000);
                if (times.at(-1) < seconds) return requestAnimationFrame(look);
                const reader = new FileReader();
                reader.onload = () => done([times, 64, 36, reader.result.split(",")[1]]);
                reader.readAsDataURL(new Blob(pictures));
            })();
        })""",
        seconds,
    )
    bytes_ = np.frombuffer(base64.b64decode(pictures), np.uint8).reshape(len(times), height, width, 4)[..., :3]
    value = bytes_ / 255
    return np.array(times), np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def flashes(times: np.ndarray, frames: np.ndarray, step: float) -> int:
    """Largest number of flashes within any second, as crates/julia/tests/flashes.rs counts them from the text of WCAG 2.3.1.

    A cell's run from one extreme to the next is a transition once it spans `step`, its darker end below 0.8. The picture makes
    one where a quarter of the cells make the same one together. A flash is a pair of opposing ones.
    """
    frames = frames.reshape(len(frames), -1)
    extreme, going = frames[0].copy(), np.zeros(frames.shape[1], int)
    made, when = np.zeros(frames.shape[1], int), np.full(frames.shape[1], -np.inf)
    transitions: list[tuple[float, int]] = []
    for k in range(1, len(frames)):
        change = frames[k] - extreme
        direction = np.where(change > 0, 1, -1)
        goes_on = direction == going
        turns = ~goes_on & (np.abs(change) >= step) & (np.minimum(frames[k], extreme) < 0.8)
        made[turns], when[turns] = direction[turns], times[k]
        going[turns] = direction[turns]
        extreme = np.where(goes_on | turns, frames[k], extreme)
        # In the same picture or the two before it.
        recent = when >= times[max(k - 2, 0)]
        for way in (1, -1):
            together = (recent & (made == way)).sum()
            if 4 * together >= frames.shape[1] and (not transitions or transitions[-1][1] != way):
                transitions.append((times[k], way))
    starts = [time for time, _ in transitions]
    return max((int(sum(start <= time <= start + 1 for time in starts)) // 2 for start in starts), default=0)


def general_and_red(times: np.ndarray, light: np.ndarray) -> tuple[int, int]:
    """Flashes in the worst second: of relative luminance by a tenth, and of saturated red by 20 of 320."""
    luminance = light @ np.array([0.2126, 0.7152, 0.0722])
    total = light.sum(-1)
    red = np.where(light[..., 0] >= 0.8 * np.maximum(total, 1e-9), np.maximum(2 * light[..., 0] - total, 0), 0)
    return flashes(times, luminance, 0.1), flashes(times, red, 20 / 320)


def the_flash_limiter_holds_on_the_page(page: Page):
    """During the demo song's drums."""
    page.wait_for_timeout(500)
    times, light = watched(page, 5)
    general, red = general_and_red(times, light)
    assert general <= 3 and red <= 3, (general, red)
    print(f"  {len(times) / 5:.0f} pictures a second, {general} general and {red} red flashes in the worst second")


def clicks_180_bpm(seconds: int) -> bytes:
    """Sixteenth notes at 180 bpm, twelve clicks a second, as loud as they can be, as a WAV file."""
    rate = 48_000
    since = np.arange(rate * seconds) % (rate // 12) / rate
    noise = np.random.default_rng(1).uniform(-1, 1, rate * seconds)
    samples = np.clip(noise * np.exp(-since / 0.008), -1, 1)
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes((samples * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def sixteenths_at_180_bpm_flash_three_times_a_second_at_most(page: Page):
    """The page's own way from a file to pixels, with everything that reacts turned up, in each palette."""
    # The count itself sees what it should: twelve flashes a second of half the picture.
    ticks = np.arange(120) / 48
    blinking = np.zeros((120, 36, 64, 3))
    blinking[np.arange(120) % 4 < 2, :18] = 0.5
    assert general_and_red(ticks, blinking)[0] == 12
    for name in ("reaction", "glow", "detail"):
        page.locator(f"#{name}").evaluate("(slider) => { slider.value = 1; slider.dispatchEvent(new Event('input')); }")
    # Long enough for machines that are slow to answer between the parts that are watched.
    page.set_input_files("#file", files=[{"name": "clicks.wav", "mimeType": "audio/wav", "buffer": clicks_180_bpm(60)}])
    expect(page.locator("#state")).to_contain_text("hears a file")
    # Rest has faded by then.
    page.wait_for_timeout(2500)
    worst, rates, changes = [], [], []
    for palette in range(3):
        page.locator("#palette").evaluate(f"(choice) => {{ choice.value = {palette}; choice.dispatchEvent(new Event('change')); }}")
        times, light = watched(page, 3)
        worst.append(general_and_red(times, light))
        rates.append(len(times) / times[-1])
        changes.append(np.abs(np.diff(light.mean(-1), axis=0)).mean() / np.diff(times).mean())
    expect(page.locator("#state")).to_contain_text("hears a file")
    assert max(max(pair) for pair in worst) <= 3, worst
    # It does react: at rest this is below 0.05.
    assert min(changes) > 0.1, changes
    print(f"  {min(rates):.0f} pictures a second at least, general and red flashes by palette {worst}, light changes by {min(changes):.2f}/s and more")


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
    # Whoever asks for something else before the microphone is there gets that alone, and the microphone is closed again.
    page.evaluate("""() => {
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.streams = [];
        navigator.mediaDevices.getUserMedia = async (wish) => {
            const stream = await ask(wish);
            await new Promise((done) => setTimeout(done, 300));
            window.streams.push(stream);
            return stream;
        };
        document.getElementById("microphone").click();
        setTimeout(() => document.getElementById("demo").click(), 100);
    }""")
    page.wait_for_function("() => window.streams.length === 1 && window.streams[0].getTracks().every((t) => t.readyState === 'ended')")
    expect(page.locator("#state")).to_contain_text("hears the demo")
    page.click("#stop")
    expect(page.locator("#state")).to_contain_text("at rest")


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


def harmony_hears_with_the_emotion_model_that_is_built_in(page: Page):
    page.click("#tab-training")
    page.select_option('[name="model"]', "harmony")
    began = time.time()
    page.click("#train-start")
    # It may be over before the page has asked once how it goes.
    expect(page.locator("#train-history li").first).to_contain_text("harmony, completed", timeout=300_000)
    expect(page.locator("#train-status")).to_have_text("completed")
    print(f"  {time.time() - began:.1f} s")


def a_preset_is_chosen(page: Page):
    """The controls show what it says, and the orbit goes where it is locked to, the 1/2 bulb of the period-2 disc."""
    page.select_option("#preset", "Clockwork")
    expect(page.locator("#preset-about")).to_contain_text("Beads on a rod")
    assert page.locator("#zoom").input_value() == "0.41"  # 2 log10(1.6)
    assert page.locator("#palette").input_value() == "4" and not page.locator("#follows-mood").is_checked()
    expect(page.locator("#orbit-words")).to_contain_text("period 4", timeout=20_000)


def many_are_served_during_a_training(studio: Studio, load: str):
    """Fifty clients and ten streams; the program says what it measured, and fails if it takes too long."""
    address = studio.url.removeprefix("http://").rstrip("/")
    done = subprocess.run([load, address, "8"], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    print("  " + done.stdout.strip().replace("\n", "\n  "))


def what_was_uploaded_is_deleted_after_a_question(page: Page, studio: Studio):
    page.click("#tab-models")
    kept = page.locator("#model-list li")
    drawer = page.locator("#drawer").bounding_box()
    for box in (button.bounding_box() for button in kept.get_by_role("button").all()):
        assert box["x"] + box["width"] <= drawer["x"] + drawer["width"] - 8, "a button stands out of the panel"
    before = kept.count()
    mine = kept.filter(has_text="mine.onnx")
    button = mine.get_by_role("button")
    button.click()
    expect(button).to_have_text("Really?")
    # Who goes elsewhere has not said yes.
    page.click("#tab-models")
    expect(button).to_have_text("Delete")
    assert kept.count() == before
    button.click()
    button.click()
    expect(mine).to_have_count(0)
    expect(kept).to_have_count(before - 1)
    page.click("#tab-training")
    page.set_input_files("#sound-files", files=[{"name": "clicks.wav", "mimeType": "audio/wav", "buffer": clicks_180_bpm(14)}])
    sound = page.locator("#sound-list li", has_text="clicks.wav")
    expect(sound).to_contain_text("14.0 s, wav", timeout=20_000)
    sound.get_by_role("button").click()
    sound.get_by_role("button").click()
    expect(sound).to_have_count(0)
    assert json.loads(studio.ask("/api/audio")) == {"sounds": []}


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
    parser.add_argument("--load", help="the example `load` of dendrite-studio: it asks fifty times at once during a training")
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
            page.click("#tab-models")
            shot(page, "models-kept")
            step(what_was_uploaded_is_deleted_after_a_question, page, studio)
            step(text_has_contrast, page)
            step(harmony_hears_with_the_emotion_model_that_is_built_in, page)
            for tab in ("look", "about"):
                page.click(f"#tab-{tab}")
                if tab == "look":
                    step(a_preset_is_chosen, page)
                step(text_has_contrast, page)
                shot(page, tab)
            page.close()
            if arguments.load:
                step(many_are_served_during_a_training, studio, arguments.load)

            # Small, for software draws it.
            page = browser.new_page()
            opened(page, studio.url, {"width": 480, "height": 300})
            step(sixteenths_at_180_bpm_flash_three_times_a_second_at_most, page)
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
