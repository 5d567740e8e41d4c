# shellcheck shell=bash
# What ./check and ./compare share; sourced, by bash, from the root of the tree. Progress goes to stderr.
# Exit codes: 1 a test or verification failed, 2 usage, 3 something could not be installed or built, 77 skipped.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { local code=$1; shift; say "$*"; exit "$code"; }

# Usage errors are one line: what was given, what is needed.
bad_usage() { die 2 "got $1; need $2"; }

# The packages of some groups of cmake/dependencies.txt, each once.
packages_of() {
  local groups=" $* "
  awk -v groups="$groups" '!/^#/ && NF >= 2 && index(groups, " " $1 " ") && !seen[$2]++ { print $2 }' cmake/dependencies.txt
}

# What is installed by other means counts: a compiler of CXX, or one on the PATH.
have() {
  case $1 in
    g++) [[ -n ${CXX:-} ]] || command -v g++ >/dev/null ;;
    cmake | clang | clang-format-14 | chromium | python3 | pkg-config) command -v "$1" >/dev/null ;;
    ninja-build) command -v ninja >/dev/null ;;
    libgtest-dev) [[ -n ${GTest_ROOT:-} || $(dpkg-query -W -f='${Status}' "$1" 2>/dev/null) == "install ok installed" ]] ;;
    *) [[ $(dpkg-query -W -f='${Status}' "$1" 2>/dev/null) == "install ok installed" ]] ;;
  esac
}

# Installs what is missing of the groups named. As root it does so; otherwise it says the one line to run.
need_packages() {
  local package missing=()
  if ! command -v apt-get >/dev/null; then
    say "no apt-get here: the tools and libraries of cmake/dependencies.txt are taken to be installed"
    return
  fi
  for package in $(packages_of "$@"); do
    have "$package" || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return
  local line="apt-get install -y --no-install-recommends ${missing[*]}"
  if ((EUID != 0)); then
    say "packages are missing; this line installs them, then start again:"
    printf 'sudo apt-get update && sudo %s\n' "$line" >&2
    exit 3
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  local log
  log=$(mktemp)
  { apt-get update && DEBIAN_FRONTEND=noninteractive $line; } >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    die 3 "apt-get could not install them; its last lines stand above, the whole in $log"
  }
  rm -f "$log"
}

# Workers: a core each, and a GiB of memory, which the largest translation unit takes.
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo 2>/dev/null || true)
  if [[ -n $memory ]] && ((memory < cores)); then cores=$((memory > 0 ? memory : 1)); fi
  printf '%s\n' "$cores"
}

# Is there a compiler for CUDA that will do (SSMSCAN_CUDA_LEAST of cmake/ssmscan_cuda.cmake), and a GPU to run on? The driver's
# own tool is asked, as CUDA could only be once something is built with it.
nvcc_path() {
  local path=${CUDACXX:-$(command -v nvcc || true)}
  printf '%s\n' "${path:-/usr/local/cuda/bin/nvcc}"
}
has_nvcc() {
  local least version
  least=$(sed -n 's/^set(SSMSCAN_CUDA_LEAST \([0-9.]*\)).*/\1/p' cmake/ssmscan_cuda.cmake)
  version=$("$(nvcc_path)" --version 2>/dev/null | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
  [[ -n $version && $(printf '%s\n' "$least" "$version" | sort -V | head -n 1) == "$least" ]]
}
gpu_name() {
  local name
  name=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1) && [[ -n $name ]] && printf '%s\n' "$name"
}

# configure DIR [OPTION...]: a Release build by Ninja; ccache where there is one. Quiet unless it fails.
configure() {
  local dir=$1 log; shift
  local options=(-G Ninja -DCMAKE_BUILD_TYPE=Release "$@")
  command -v ccache >/dev/null && options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache)
  log=$(mktemp)
  say "configuring $dir/"
  cmake -S . -B "$dir" "${options[@]}" >"$log" 2>&1 || {
    cat "$log" >&2
    die 3 "cmake could not configure $dir/ (its words stand above; a $dir/ of another generator has to be removed)"
  }
  sed -n '/^-- ssmscan [0-9]/,/^-- Configuring done/{/Configuring done/d;s/^-- //;p}' "$log" >&2
  rm -f "$log"
}

# build DIR [TARGET...]
build() {
  local dir=$1 targets=(); shift
  (($# > 0)) && targets=(--target "$@")
  say "building $dir/ with $(jobs) workers"
  cmake --build "$dir" -j "$(jobs)" "${targets[@]}" >&2 || die 3 "the build failed"
}
