"""The example that hears a folder of songs: a worker is killed in the middle, a line is torn, a song is no song."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import wave

import numpy as np
import pytest

import dendrite

distributed = pytest.importorskip("distributed")

EXAMPLE = pathlib.Path(__file__).resolve().parents[1] / "examples/analyze_folder.py"
SONGS = 10


def song(path: pathlib.Path, number: int):
    """Ten seconds of a broken chord on a pulse, of its own pitch and tempo."""
    rate, seconds = 48_000, 10
    time_s = np.arange(rate * seconds) / rate
    beat = 0.4 + 0.03 * number
    root = 110 * 2 ** (number / 12)
    pitch = root * np.array([1, 1.25, 1.5, 2])[(time_s / beat).astype(int) % 4]
    samples = 0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / rate) * np.exp(-4 * (time_s % beat))
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32_000).astype("<i2").tobytes())


def lines(out: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def ask(*arguments) -> list[str]:
    return [sys.executable, str(EXAMPLE), *map(str, arguments)]


def test_nothing_is_lost_and_nothing_double_when_a_worker_is_killed(tmp_path):
    music, out = tmp_path / "music", tmp_path / "songs.jsonl"
    for number in range(SONGS):
        song(music / f"{'below/' if number % 3 == 0 else ''}song{number}.wav", number)
    (music / "no song.wav").write_text("no song")
    (music / "cover.jpg").write_text("no song either, and not asked for")
    everything = sorted(path.relative_to(music).as_posix() for path in music.rglob("song*.wav"))
    assert len(everything) == SONGS

    # Two workers; one is killed while it hears a song, after some were written.
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            command = ask(music, "--out", out, "--scheduler", cluster.scheduler_address)
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            pids = {worker.worker_address: worker.pid for worker in cluster.workers.values()}
            deadline = time.time() + 60
            busy = None
            while busy is None:
                assert time.time() < deadline and process.poll() is None, process.communicate()
                at_work = [address for address, tasks in client.processing().items() if tasks]
                busy = at_work[0] if len(lines(out)) >= 2 and at_work else None
            os.kill(pids[busy], signal.SIGKILL)
            written_at_kill = len(lines(out))
            said, complained = process.communicate(timeout=120)
    assert written_at_kill < SONGS, "it was killed too late to matter"
    assert process.returncode == 1, complained
    assert "failed: no song.wav: " in complained and "1 failed" in said
    assert sorted(line["song"] for line in lines(out)) == everything

    # Half of the last line is lost, as when the power goes. Only that song is heard again, and the other failure mended.
    whole = out.read_bytes()
    out.write_bytes(whole[:-40])
    torn = json.loads(whole.splitlines()[-1])["song"]
    (music / "no song.wav").unlink()
    again = subprocess.run(ask(music, "--out", out, "--workers", 1, "--sorted"), capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    assert f"[1/1] {torn}" in again.stdout and f"{SONGS - 1} of them done before" in again.stdout
    assert [line["song"] for line in lines(out)] == everything

    # Who heard it, and when, changes nothing.
    for line in lines(out)[::4]:
        heard = dendrite.analyze(music / line["song"])
        assert line["seconds"] == round(heard["time_s"][-1], 6)
        assert line["valence"] == round(float(heard["valence"].mean()), 6)
        assert line["s_deviation"] == round(float(heard["s"].std()), 6) > 0

    # With nothing left to do nobody works.
    before = out.read_bytes()
    idle = subprocess.run(ask(music, "--out", out), capture_output=True, text=True, timeout=60)
    assert (idle.returncode, out.read_bytes()) == (0, before)
    assert f"{SONGS} of them done before" in idle.stdout
    assert subprocess.run(ask(tmp_path / "nowhere", "--out", out), capture_output=True).returncode == 2
