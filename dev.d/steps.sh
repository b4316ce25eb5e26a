# Progress: every step shows what runs, for how long, and where its log is.

say() { printf '%s\n' "$*" >&2; }
die() { printf './dev: %s\n' "$*" >&2; exit 1; }

# Whether a line is drawn over and over: on a terminal, and by one step at a time.
has_clock() { [ -t 2 ] && [ -z "${IN_LINES:-}" ]; }

# step NAME COMMAND…: runs it with its output in artifacts/log/NAME.log. A terminal sees a running clock, a log file
# sees a line every 15 s; on failure the log's end is shown.
step() {
  local name=$1 log="$LOGS/${1//[^a-zA-Z0-9.-]/-}.log" start=$SECONDS pid rc=0 shown=0 elapsed
  shift
  # A process group of its own, so that Ctrl+C ends whatever the command has started as well.
  set -m
  ( "$@" ) >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  trap 'kill -- -"$pid" 2>/dev/null; exit 130' INT TERM
  if ! has_clock; then say "▸ $name"; fi
  while kill -0 "$pid" 2>/dev/null; do
    elapsed=$((SECONDS - start))
    if has_clock; then
      printf '\r\033[K▸ %s … %d s' "$name" "$elapsed" >&2
    elif [ $((elapsed - shown)) -ge 15 ]; then
      shown=$elapsed
      say "  $name: $elapsed s"
    fi
    sleep 0.2
  done
  wait "$pid" || rc=$?
  trap - INT TERM
  elapsed=$((SECONDS - start))
  if has_clock; then printf '\r\033[K' >&2; fi
  if [ "$rc" -eq 0 ]; then
    if has_clock || [ "$elapsed" -ge 2 ]; then say "✓ $name ($elapsed s)"; fi
    return 0
  fi
  say "✗ $name failed after $elapsed s; the end of $log:"
  tail -n 25 "$log" | sed 's/^/    /' >&2
  return "$rc"
}

# beside COMMAND COMMAND: both at the same time, each a function of its own with steps in it. Fails where one does; what
# they counted is added up.
beside() {
  local command pid counts rc=0 pids=() passed failed
  counts=$(mktemp -d)
  trap 'kill "${pids[@]}" 2>/dev/null; exit 130' INT TERM
  for command in "$@"; do
    # In the background nobody draws a clock: two of them on one line would be none.
    ( IN_LINES=1 PASSED=0 FAILED=0
      trap 'echo "$PASSED $FAILED" > "$counts/$BASHPID"' EXIT
      "$command" ) &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || rc=$?
    read -r passed failed < "$counts/$pid" || passed=0 failed=1
    PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed))
  done
  trap - INT TERM
  rm -rf "$counts"
  return "$rc"
}
