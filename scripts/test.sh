#!/usr/bin/env bash
# test.sh [FILTER] : builds everything and runs all tests; the last line is "N passed, N failed, N skipped".
#   test.sh Rename                 only tests whose full name contains Rename
#   test.sh --filter EXPRESSION    or any other arguments of dotnet test
#   FTPMOUNT_TEST_PROJECTS="Ftp Vfs" test.sh    only these projects
# Exit code 1 when a test fails, when a test program dies, or when no test ran.
set -euo pipefail
# shellcheck source=scripts/prerequisites.sh
. "$(dirname "$0")/prerequisites.sh"
cd "$repository"

arguments=("$@")
if [ $# -eq 1 ] && [ "${1#-}" = "$1" ]; then arguments=(--filter "FullyQualifiedName~$1"); fi

passed=0 failed=0 skipped=0
finish() {
  say "$passed passed, $failed failed, $skipped skipped"
  if [ "$failed" -gt 0 ] || [ $((passed + failed)) -eq 0 ]; then exit 1; fi
  exit 0
}
broken() { # the build did not get as far as a test
  say "$*"
  failed=1
  finish
}

need_dotnet
# git, sqlite3, make and gcc work on mounted files in the end-to-end tests.
install_missing fusermount3=fuse3 git=git sqlite3=sqlite3 make=make gcc=gcc rsync=rsync vim=vim setpriv=util-linux
scripts/install-test-servers.sh || broken "The test servers could not be installed"

say "Building the solution"
dotnet build FtpMount.sln -c Release --nologo -v quiet || broken "The solution does not build"
scripts/build.sh || broken "artifacts/ftpmount does not build"

results=$(mktemp -d)
running=''
trap '[ -z "$running" ] || kill "$running" 2>/dev/null; rm -rf "$results"' EXIT
trap 'exit 130' INT TERM
counter() { sed -n "s/.*<Counters [^>]*\b$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -1; }

# What the test platform says without being asked.
noise=(-e '^Results File:' -e '^Test run for ' -e '^A total of ' -e "^Data collector 'Blame'" -e '^Additionally, path to test adapters' -e '^$')
unsuccessful=()
for project in tests/*.Tests; do
  name=${project#tests/}
  short=${name#FtpMount.}; short=${short%.Tests}
  if [ -n "${FTPMOUNT_TEST_PROJECTS:-}" ] && [[ " $FTPMOUNT_TEST_PROJECTS " != *" $short "* ]]; then continue; fi
  say "== $name"
  code=0
  # Not a pipe: a process that a test leaves behind would keep it open.
  log=$results/$name.log; : >"$log"
  dotnet test "$project" --no-build -c Release --nologo -v quiet --results-directory "$results" \
    --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal" \
    --blame-hang-timeout 15m --blame-hang-dump-type none \
    "${arguments[@]}" >>"$log" 2>&1 </dev/null &
  running=$!
  tail -f -n +1 -s 0.2 --pid="$running" "$log" | grep --line-buffered -v "${noise[@]}" || true
  wait "$running" || code=$?
  running=''
  trx=$results/$name.trx
  these=0
  if [ -f "$trx" ]; then
    total=$(counter total "$trx") good=$(counter passed "$trx") these=$(counter failed "$trx")
    total=${total:-0} good=${good:-0} these=${these:-0}
    passed=$((passed + good)) failed=$((failed + these)) skipped=$((skipped + total - good - these))
  fi
  # Failed without a failed test: the test program died or hung.
  if [ "$code" != 0 ] && [ "$these" = 0 ]; then
    say "$name ended with exit code $code and without a complete result"
    failed=$((failed + 1)) these=1
  fi
  [ "$these" = 0 ] || unsuccessful+=("$name ($these)")
done

[ ${#unsuccessful[@]} -eq 0 ] || say "Failures in: ${unsuccessful[*]}"
finish
