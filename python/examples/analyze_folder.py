"""Hears every song of a folder, on all cores of this machine or on the machines of a Dask cluster.

    python examples/analyze_folder.py FOLDER --out songs.jsonl
    python examples/analyze_folder.py FOLDER --out songs.jsonl --scheduler tcp://HOST:8786

One line of JSON is added to the file as each song is done. Songs that have a line already are not heard again, so what was
interrupted goes on where it was. A song that fails is reported, gets no line, and the others go on.
Exit code: 0 all are there, 1 some failed, 2 the command line makes no sense, 130 after Ctrl-C.
"""

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path

from distributed import Client, LocalCluster, as_completed

ENDINGS = {".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".m4a", ".aac"}


def hear(song: str, path: str, models: str | None) -> dict:
    """Runs on a worker, which needs `dendrite` and the folder under the same path. Gives the line, or what went wrong."""
    # The workers get this function by value; what it uses is imported where it runs.
    import dendrite

    try:
        heard = dendrite.analyze(path, models)
    except (OSError, ValueError) as error:
        return {"song": song, "error": str(error)}
    if not len(heard["time_s"]):
        return {"song": song, "error": "it is shorter than one hop"}

    def rounded(value) -> float:
        return round(float(value), 6)

    tempi = heard["tempo_bpm"][heard["tempo_bpm"] > 0]
    chords = Counter(chord for chord in heard["chord"] if chord)
    return {
        "song": song,
        "seconds": rounded(heard["time_s"][-1]),
        "tempo_bpm": rounded(sorted(tempi)[len(tempi) // 2]) if len(tempi) else None,
        "valence": rounded(heard["valence"].mean()),
        "arousal": rounded(heard["arousal"].mean()),
        # The six that sound longest, as shares of the song; equally long ones by name.
        "chords": {
            chord: rounded(count / len(heard["chord"]))
            for chord, count in sorted(chords.items(), key=lambda item: (-item[1], item[0]))[:6]
        },
        "sections": int(heard["section"][-1]) + 1,
        "s_mean": rounded(heard["s"].mean()),
        "s_deviation": rounded(heard["s"].std()),
    }


def songs_below(folder: Path) -> list[str]:
    """Paths from the folder, sorted, with / between their parts on every system."""
    files = (path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in files)


def written(out: Path) -> list[dict]:
    """The lines of an earlier run. The last may be torn, if that run was killed while it wrote."""
    if not out.exists():
        return []
    lines = out.read_bytes().split(b"\n")
    whole = [json.loads(line) for line in lines[:-1]]
    if lines[-1]:
        replace(out, whole)
    return whole


def replace(out: Path, lines: list[dict]) -> None:
    """Writes all lines beside the file and puts them in its place, so that it is whole at every moment."""
    part = out.with_name(out.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="songs, also in folders below it")
    parser.add_argument("--out", type=Path, required=True, help="one line of JSON for each song")
    parser.add_argument("--scheduler", help="the scheduler of a Dask cluster; without it, this machine works")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes on this machine [one for each core]")
    parser.add_argument("--models", type=Path, help="a folder of models before those that are built in")
    parser.add_argument("--sorted", action="store_true", help="sort the lines by song at the end: the same file in any order")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")

    songs = songs_below(options.folder)
    lines = written(options.out)
    done = {line["song"] for line in lines}
    todo = [song for song in songs if song not in done]
    print(f"{len(songs)} songs, {len(songs) - len(todo)} of them done before")
    failures = work(options, todo, lines) if todo else {}
    if options.sorted:
        replace(options.out, sorted(lines, key=lambda line: line["song"]))
    for song, reason in sorted(failures.items()):
        print(f"failed: {song}: {reason}", file=sys.stderr)
    print(f"{len(todo) - len(failures)} done, {len(failures)} failed; {options.out} has {len(lines)} lines")
    return 1 if failures else 0


def work(options: argparse.Namespace, todo: list[str], lines: list[dict]) -> dict[str, str]:
    """Adds a line as each song is done. Gives the songs that failed, with the reasons."""
    failures = {}
    root = options.folder.resolve()
    models = str(options.models.resolve()) if options.models else None
    # One thread for each process: a song keeps a core busy. Nobody looks at a dashboard.
    cluster = options.scheduler or LocalCluster(
        n_workers=options.workers, threads_per_worker=1, dashboard_address=None
    )
    try:
        client = Client(cluster)
    except OSError as error:
        sys.exit(f"{options.scheduler} does not answer: {error}")
    with client, options.out.open("a", encoding="utf-8") as file:
        # A song whose worker dies is given to another, up to three times; a result counts once.
        futures = {client.submit(hear, song, str(root / song), models, pure=False): song for song in todo}
        for number, future in enumerate(as_completed(list(futures)), 1):
            song = futures.pop(future)
            error = future.exception()
            line = {"song": song, "error": repr(error)} if error else future.result()
            # The cluster forgets what is written down.
            future.release()
            if "error" in line:
                failures[song] = line["error"]
            else:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())
                lines.append(line)
            print(f"[{number}/{len(todo)}] {song}{': failed' if 'error' in line else ''}", flush=True)
    if isinstance(cluster, LocalCluster):
        cluster.close()
    return failures


# Worker processes import this file; only the one that was called works.
if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        sys.exit(130)
