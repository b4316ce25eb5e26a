# What is built: the native binary, the demo guest, the benchmarks.

# The newest framework whose Native AOT packages this machine can restore; looked up once per SDK.
aot_framework() {
  local cache=artifacts/aot-framework key
  if [ -n "${QZC_AOT_FRAMEWORK:-}" ]; then echo "$QZC_AOT_FRAMEWORK"; return; fi
  key=$(dotnet --version)
  if [ ! -f "$cache" ] || [ "$(cut -d' ' -f1 "$cache")" != "$key" ]; then
    if dotnet restore src/Server -p:QzcAotFramework=net10.0 -r linux-x64 --artifacts-path artifacts/aot -v q >"$LOGS/aot-framework.log" 2>&1
    then echo "$key net10.0" > "$cache"
    else echo "$key net9.0" > "$cache"
    fi
  fi
  cut -d' ' -f2 "$cache"
}

# dotnet with these arguments, and one compiler for all projects, which ends with it: a compiler for each costs twice as much.
compile() { # ARGUMENT…
  local compiler="qzc-$BASHPID" version sdk rc=0
  dotnet "$@" -p:UseSharedCompilation=true -p:SharedCompilationId="$compiler" || rc=$?
  version=$(dotnet --version)
  sdk=$(dotnet --list-sdks | sed -n "s/^$version \[\(.*\)\]$/\1/p" | head -n 1)
  "$sdk/$version/Roslyn/bincore/VBCSCompiler" -pipename:"$compiler" -shutdown >/dev/null 2>&1 || true
  return "$rc"
}

# Its own intermediate folder: a Release build for one runtime must not disturb the Debug builds of the tests. What the
# analyzers say is said by those.
publish() {
  local framework
  framework=$(aot_framework)
  step "publish qzc ($framework, Native AOT)" \
    compile publish src/Server -f "$framework" -p:QzcAotFramework="$framework" -r linux-x64 -c Release \
      --artifacts-path artifacts/aot -o artifacts/aot/out -p:RunAnalyzers=false -v q || exit 1
  # One file, moved into place: a qzc that runs from there keeps the one it was started from.
  mkdir -p artifacts/publish
  cp artifacts/aot/out/qzc artifacts/publish/.qzc.new
  mv artifacts/publish/.qzc.new artifacts/publish/qzc
  say "  artifacts/publish/qzc: $(du -h --apparent-size artifacts/publish/qzc | cut -f1)B, $framework"
}

guest() {
  step "demo guest" native/demo-guest/build.sh || exit 1
}

demo() {
  exec artifacts/publish/qzc demo --guest artifacts/guest "$@"
}

bench() {
  if [ $# -gt 0 ]; then publish; guest; fi
  step "build the benchmarks" compile build bench -c Release -v q || exit 1
  exec dotnet bench/bin/Release/net10.0/QemuZeroCopy.Bench.dll "$@"
}
