"""Builds and runs the example of README.md in a project outside the tree, by one of three routes, and compares what it
prints with what README says it prints; by the two CMake routes a program on ssmscan::ssm too, where that is there."""
import argparse
import os
import pathlib
import shutil
import subprocess

import documents

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = sorted((HERE / "consumer").glob("with_*.cpp"))  # each on the component of its name


def run(command, **more):
    print("+", " ".join(str(word) for word in command), flush=True)
    return subprocess.run([str(word) for word in command], check=True, text=True, **more)


def by_cmake(arguments, options, with_ssm):
    for program in PROGRAMS:
        shutil.copy(program, arguments.work)
    ccache = shutil.which("ccache")
    if ccache:
        options = [*options, f"-DCMAKE_CXX_COMPILER_LAUNCHER={ccache}"]
    build = arguments.work / "build"
    (build / "CMakeCache.txt").unlink(missing_ok=True)  # what a run of another effort asked for is not kept
    # No build type, so that no flag on a compile line comes from CMake itself. The launcher only saves time.
    run(["cmake", "-G", "Ninja", "-S", arguments.work, "-B", build, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
         f"-DCMAKE_CXX_COMPILER={os.environ['CXX']}", *options])
    run(["cmake", "--build", build, "-j", str(min(os.cpu_count() or 1, 4))])
    if with_ssm:
        run([build / "with_ssm"])
    return build / "example"


def by_add_subdirectory(arguments):
    shutil.copy(HERE / "consumer" / "add_subdirectory.cmake", arguments.work / "CMakeLists.txt")
    options = [f"-DSSMSCAN_SOURCE={arguments.source}", "-DBUILD_SHARED_LIBS=ON", "-DSSMSCAN_INSTALL=ON"]
    brief = os.environ.get("SSMSCAN_CHECK") == "fast"  # the example asks for no more; all of it is built anew here
    if brief:
        options += ["-DSSMSCAN_SSM=OFF", "-DSSMSCAN_SIMD=OFF"]
    program = by_cmake(arguments, options, with_ssm=not brief)
    shutil.rmtree(arguments.prefix, ignore_errors=True)
    run(["cmake", "--install", arguments.work / "build", "--prefix", arguments.prefix])
    return program


def by_find_package(arguments):
    shutil.copy(HERE / "consumer" / "find_package.cmake", arguments.work / "CMakeLists.txt")
    installed = any(arguments.prefix.rglob("ssmscan-ssm.pc"))
    return by_cmake(arguments, [f"-DCMAKE_PREFIX_PATH={arguments.prefix}"], with_ssm=installed)


def by_pkg_config(arguments):
    if not shutil.which("pkg-config"):
        raise SystemExit("pkg-config: not found; need the package pkg-config")
    folder = next(arguments.prefix.rglob("ssmscan-scan.pc")).parent
    environment = {**os.environ, "PKG_CONFIG_PATH": str(folder)}
    how = ["--static"] if list(folder.parent.glob("libssmscan_scan.a")) else []

    def build(source, package):
        asked = run(["pkg-config", *how, "--cflags", "--libs", package], env=environment, stdout=subprocess.PIPE).stdout
        program = arguments.work / source.stem
        where = [] if how else [f"-Wl,-rpath,{folder.parent}"]
        run([os.environ["CXX"], "-std=c++20", source, "-o", program, *asked.split(), *where])
        return program, asked

    for source in PROGRAMS:
        package = source.stem.replace("with_", "ssmscan-")
        if (folder / f"{package}.pc").exists():
            run([build(source, package)[0]])
    program, asked = build(arguments.work / "example.cpp", "ssmscan-scan")
    (arguments.work / "flags.txt").write_text(asked)
    return program


def main():
    parser = argparse.ArgumentParser()
    documents.source_argument(parser)
    parser.add_argument("--route", choices=["add_subdirectory", "find_package", "pkg_config"], required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--prefix", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    example, promised = documents.readme_example(arguments.source)
    arguments.work.mkdir(parents=True, exist_ok=True)
    (arguments.work / "example.cpp").write_text(example)
    route = {"add_subdirectory": by_add_subdirectory, "find_package": by_find_package, "pkg_config": by_pkg_config}
    program = route[arguments.route](arguments)
    printed = run([program], stdout=subprocess.PIPE).stdout
    if printed != promised:
        raise SystemExit(f"README.md promises {promised!r}; its program prints {printed!r}")
    print("printed what README.md promises:", printed, end="")


if __name__ == "__main__":
    main()
