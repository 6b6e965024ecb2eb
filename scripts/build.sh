#!/usr/bin/env bash
# build.sh [--debug] : publishes the program with Native AOT as artifacts/ftpmount. Does nothing when no source has changed since.
set -euo pipefail
# shellcheck source=scripts/prerequisites.sh
. "$(dirname "$0")/prerequisites.sh"

configuration=Release
case "${1:-}" in
  --debug) configuration=Debug ;;
  "") ;;
  *) echo "usage: build.sh [--debug]" >&2; exit 2 ;;
esac

cd "$repository"
need_dotnet
mkdir -p "$artifacts/publish"
exec 9>"$artifacts/publish/.lock"
flock 9 # two builds into one folder would tread on each other; dotnet does not inherit it: its build servers outlive this script

sources() { find src Directory.Build.props Directory.Packages.props scripts/build.sh -type f "$@" | LC_ALL=C sort; }
stamp=$artifacts/publish/.built-from
wanted=$configuration$'\n'$(sources)
if [ -x "$artifacts/ftpmount" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -z "$(sources -newer "$stamp")" ]; then
  say "artifacts/ftpmount is up to date"
  exit 0
fi

options=()
if ! command -v clang >/dev/null; then
  command -v gcc >/dev/null || install_packages gcc libc6-dev zlib1g-dev
  options+=(-p:CppCompilerAndLinker=gcc)
fi

case "$(uname -m)" in
  x86_64) rid=linux-x64 ;;
  aarch64) rid=linux-arm64 ;;
  *) die "there is no Native AOT for $(uname -m)" ;;
esac
output=$artifacts/publish/ftpmount-$configuration
say "Building artifacts/ftpmount (Native AOT, $configuration; a minute or two the first time)"
# Taken before the build: what changes while it runs is built the next time.
printf '%s' "$wanted" >"$stamp.new"
rm -rf "$output"
dotnet publish src/FtpMount.Cli/FtpMount.Cli.csproj -c "$configuration" -r "$rid" -o "$output" --nologo -v quiet "${options[@]}" 9>&- \
  || { rm -f "$stamp.new"; die "the build failed"; }
[ -x "$output/ftpmount" ] || die "the build left no $output/ftpmount"

# Renamed over the old one, so that a program that is running is not written to. Native libraries lie beside it.
for file in "$output/ftpmount" "$output"/*.so; do
  [ -f "$file" ] || continue
  cp "$file" "$artifacts/.${file##*/}.new"
  mv "$artifacts/.${file##*/}.new" "$artifacts/${file##*/}"
done
mv "$stamp.new" "$stamp"
say "Built artifacts/ftpmount ($(du -h "$artifacts/ftpmount" | cut -f1))"
