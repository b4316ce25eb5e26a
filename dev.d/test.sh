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

run_suite() { # STEP NAME SECONDS [ARGUMENT…]: an already built test project under a limit, so that a hang ends as a failure
  local log rc=0
  log="$LOGS/${1//[^a-zA-Z0-9.-]/-}.log"
  step "$1" timeout --kill-after=10 "$3" "tests/$2/bin/Debug/net10.0/QemuZeroCopy.$2.Tests" -noColor -xml "${log%.log}.xml" "${@:4}" || rc=$?
  grep -aE '\[FAIL\]|\[SKIP\]' "$log" | sed 's/^ */  /' >&2 || true
  if [ "$rc" -eq 124 ]; then say "  $2 was stopped after $3 s"; fi
}

run_project() { # NAME SECONDS [ARGUMENT…]
  run_suite "test $1" "$@"
  count_summary "$1" "$LOGS/test-$1.log"
}

# Two cores that emulate a machine and run a browser stall for seconds at times. Where at most eight tests failed they
# are run once more, alone: what fails again is a failure, what passes is named as unsteady.
run_with_second_chance() { # NAME SECONDS [ARGUMENT…]
  local name=$1 before=$FAILED total failed=() test again=()
  run_project "$@"
  total=$((PASSED + FAILED - before))
  mapfile -t failed < <(grep -aoE "QemuZeroCopy\.$name\.Tests\.[A-Za-z0-9_.+]+.*\[FAIL\]" "$LOGS/test-$name.log" | sed -E 's/[( ].*//' | sort -u)
  if [ $((FAILED - before)) -gt 8 ] || [ ${#failed[@]} -eq 0 ] || ! grep -aq 'Total: ' "$LOGS/test-$name.log"; then return; fi
  for test in "${failed[@]}"; do again+=(-method "$test"); done
  PASSED=0 FAILED=$before
  run_suite "test $name again" "$name" 600 "${again[@]}"
  count_summary "$name, again" "$LOGS/test-$name-again.log"
  if [ "$PASSED" -eq 0 ] && [ "$FAILED" -eq "$before" ]; then FAILED=$((before + 1)); fi
  if [ "$FAILED" -eq "$before" ]; then printf '  unsteady: %s failed once and passed alone\n' "${failed[@]}" >&2; fi
  PASSED=$((total - (FAILED - before)))
}

unit() { # PROJECT…
  local name
  for name in "$@"; do
    case $name in
      Bench) run_with_second_chance Bench 600 -class- '*.HostSmokeTests' ;;
      *) run_with_second_chance "$name" 600 ;;
    esac
  done
}

# The test projects of the suite, in two rows of about the same length; what is new goes to the second.
FIRST_ROW='House Interop Pipeline Server'
first_units() { unit $FIRST_ROW; }
other_units() {
  local project name
  for project in tests/*/*.Tests.csproj; do
    name=$(basename "$(dirname "$project")")
    case " $FIRST_ROW EndToEnd Lab " in *" $name "*) ;; *) unit "$name" ;; esac
  done
}

suite_unit() {
  first_units
  other_units
}

prepare_e2e() {
  publish
  guest
}

host_smoke() { run_with_second_chance Bench 900 -class '*.HostSmokeTests'; }

run_e2e() {
  rm -rf artifacts/e2e
  run_with_second_chance EndToEnd 2700
}

suite_e2e() {
  prepare_e2e
  run_e2e
  host_smoke
}

# All of them: what computes on one core stands beside what does on the other. The end-to-end tests have the machine for
# themselves, which they fill.
prepare_all() { prepare_e2e; prepare_lab; }
units_and_smoke() { other_units; host_smoke; }
suite_all() {
  beside prepare_all first_units
  beside run_lab units_and_smoke
  run_e2e
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
  step "build everything" compile build QemuZeroCopy.sln -v q || exit 1
  if [ "$(printf '%s\n' "${suites[@]}" | sort -u | wc -l)" -eq 3 ]; then suites=(all); fi
  for suite in "${suites[@]}"; do "suite_$suite"; done
  trap - EXIT
  echo "$PASSED passed, $FAILED failed"
  [ "$FAILED" -eq 0 ]
}
