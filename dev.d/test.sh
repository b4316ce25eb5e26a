# The suites. Each test project is an executable; its summary line is what counts.

PASSED=0
FAILED=0

# xunit.v3 ends with "Total: 12, Errors: 0, Failed: 1, Skipped: 0, …"; without that line the program died, which is a failure.
count_summary() { # NAME LOG
  local line total errors failed skipped
  if grep -aqE 'Total: 0$' "$2"; then say "  $1 has no tests"; return; fi
  line=$(grep -aoE 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+' "$2" | tail -n 1) || true
  if [ -z "$line" ]; then FAILED=$((FAILED + 1)); say "  $1 ended without a result"; return; fi
  read -r total errors failed skipped < <(sed 's/[^0-9]\+/ /g' <<<"$line")
  PASSED=$((PASSED + total - errors - failed - skipped))
  FAILED=$((FAILED + errors + failed))
  if [ "$skipped" -gt 0 ]; then say "  $1: $skipped skipped"; fi
}

run_project() { # NAME SECONDS [ARGUMENT…]: an already built test project under a limit, so that a hang ends as a failure
  local name=$1 rc=0
  step "test $name" timeout --kill-after=10 "$2" "tests/$name/bin/Debug/net10.0/QemuZeroCopy.$name.Tests" -noColor "${@:3}" || rc=$?
  grep -aE '\[FAIL\]|\[SKIP\]' "$LOGS/test-$name.log" | sed 's/^ */  /' >&2 || true
  count_summary "$name" "$LOGS/test-$name.log"
  if [ "$rc" -eq 124 ]; then say "  $name was stopped after $2 s"; fi
}

suite_unit() {
  local project name
  for project in tests/*/*.Tests.csproj; do
    name=$(basename "$(dirname "$project")")
    case $name in
      EndToEnd|Lab) ;;
      Bench) run_project Bench 300 -class- '*.HostSmokeTests' ;;
      *) run_project "$name" 300 ;;
    esac
  done
}

suite_e2e() {
  publish
  guest
  rm -rf artifacts/e2e
  run_project EndToEnd 1800
  run_project Bench 300 -class '*.HostSmokeTests'
}

# The lab has its own file, dev.d/lab.sh.
if ! declare -F suite_lab >/dev/null; then suite_lab() { say "  the lab is not part of this tree"; }; fi

run_tests() {
  local suites=("$@") suite
  if [ ${#suites[@]} -eq 0 ]; then suites=(unit e2e lab); fi
  for suite in "${suites[@]}"; do
    case $suite in unit|e2e|lab) ;; *) say "./dev test: there is no suite '$suite' (unit, e2e, lab)"; exit 2 ;; esac
  done
  # Whatever ends the run early, a step that could not be built for one, is a failure in the last line too.
  trap 'echo "$PASSED passed, $((FAILED + 1)) failed"' EXIT
  setup build vm test bench
  # The whole solution, so that a warning anywhere in it fails too.
  step "build everything" dotnet build QemuZeroCopy.sln -v q || exit 1
  for suite in "${suites[@]}"; do "suite_$suite"; done
  trap - EXIT
  echo "$PASSED passed, $FAILED failed"
  [ "$FAILED" -eq 0 ]
}
