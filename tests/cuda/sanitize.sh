#!/usr/bin/env bash
# sanitize.sh BUILD: the tools of compute-sanitizer over the GPU's tests at reduced sizes, without suppressions; before
# that, a fault planted for each of them, which it has to find. Exit: 0 clean, 1 not, 77 no compute-sanitizer or no GPU.
set -uo pipefail
build=${1:?got no folder; need that of a build with its target gpu_tests built}
tests=$build/tests/cuda
sanitizer=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
[[ -x $sanitizer ]] || { echo "sanitize.sh: no compute-sanitizer here: skipped"; exit 77; }
"$tests/gpu_here" || exit 77
export SSMSCAN_CHECK=brief
found=9 failed=()

# Two of them follow the mbarriers of a launch. Of a kernel that has more in all its blocks than they have room for by default they
# warn ("overflow of tracked cuda::barrier structures"), and end it as failed: look_back's and heinsen.fused's rings.
declare -A room=([racecheck]="--num-cuda-barriers 4096" [synccheck]="--num-cuda-barriers 4096")

under() { local tool=$1; shift; timeout 900 "$sanitizer" --tool "$tool" ${room[$tool]-} --error-exitcode $found "$@" 2>&1; }

declare -A planted=([memcheck]=overrun [racecheck]=race [synccheck]=barrier [initcheck]=unset)
for tool in memcheck racecheck synccheck initcheck; do
  log=$(under "$tool" "$tests/planted" "${planted[$tool]}")
  if (($? == found)); then
    echo "$tool: finds the planted ${planted[$tool]}"
  else
    echo "$log"
    failed+=("$tool does not find the planted ${planted[$tool]}")
    continue
  fi
  for test in "${@:2}"; do
    name=${test%%:*} filter=${test#"$name"} filter=${filter#:}
    start=$SECONDS
    log=$(under "$tool" "$tests/$name" ${filter:+--gtest_filter="$filter"})
    code=$?
    echo "$tool: $name ${filter}: $( ((code == 0)) && echo clean || echo "exit $code"), $((SECONDS - start)) s"
    ((code == 0)) || { failed+=("$tool: $name"); grep -E '=========' <<<"$log" | head -n 30; }
  done
done
((${#failed[@]} == 0)) || { printf 'sanitize.sh: %s\n' "${failed[@]}"; exit 1; }
