"""The presets are there, and `release` and `bench` set whatever ./check and ./compare set in the folder they share: what one of
them left in its cache changes nothing for another."""
import argparse
import json
import re
import subprocess

import documents

CONFIGURE = {"dev", "release", "bench", "sanitize", "sanitize-gcc", "sanitize-clang", "sanitize-thread"}
WORKFLOWS = {"release", "sanitize"}
DETECTED = {"SSMSCAN_CUDA"}  # by nvcc and GPU, which a preset cannot see


def names_of(source, kind):
    listed = subprocess.run(["cmake", f"--list-presets={kind}"], cwd=source, check=True, text=True, stdout=subprocess.PIPE)
    return set(re.findall(r'(?m)^  "([\w-]+)"', listed.stdout))


def set_by(script):
    """What a script's `configure build` sets."""
    line = re.search(r"(?m)^configure build (-D(?:.*\\\n)*.*)$", script.read_text(encoding="utf-8"))[1]
    return {key: value for key, value in re.findall(r"-D(\w+)=(\S+)", line) if key not in DETECTED}


def main():
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    source, wrong = parser.parse_args().source, []
    presets = {p["name"]: p for p in json.loads((source / "CMakePresets.json").read_text())["configurePresets"]}
    for kind, needed in (("configure", CONFIGURE), ("workflow", WORKFLOWS)):
        if (found := names_of(source, kind)) != needed:
            wrong.append(f"{kind} presets: got {sorted(found)}; need {sorted(needed)}")
    for preset, script in (("release", "check"), ("bench", "compare")):
        given, needed = presets[preset].get("cacheVariables", {}), set_by(source / script)
        if given != needed:
            wrong.append(f"preset {preset}: got {given}; need what ./{script} sets, {needed}")
        if len(needed) < 5:
            wrong.append(f"{script}: `configure build` was not read: {needed}")
    if wrong:
        raise SystemExit("\n".join(wrong))
    print(f"{len(CONFIGURE)} presets, {len(WORKFLOWS)} workflows; release = ./check, bench = ./compare")


if __name__ == "__main__":
    main()
