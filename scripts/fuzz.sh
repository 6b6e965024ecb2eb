#!/usr/bin/env bash
# fuzz.sh [MINUTES] [SEED] : feeds every parser of what an FTP server sends with damaged real input, 10 minutes in all unless told otherwise.
#   The seed is printed first; the same seed gives the same inputs. A failure prints the input as a line for tests/FtpMount.Ftp.Tests/Fuzz/Corpus.
# Ordinary test runs do 20,000 inputs a parser from a fixed seed, which takes some seconds.
set -euo pipefail
# shellcheck source=scripts/prerequisites.sh
. "$(dirname "$0")/prerequisites.sh"
cd "$repository"

minutes=${1:-10}
case $minutes in '' | *[!0-9]*) say "usage: fuzz.sh [MINUTES] [SEED]"; exit 2 ;; esac
seed=${2:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
seed=$((seed % 2147483647))
project=tests/FtpMount.Ftp.Tests
targets=$(grep -c '\[Fact\]' $project/Fuzz/FuzzTests.cs)
seconds=$((minutes * 60 / targets))
[ "$seconds" -gt 0 ] || seconds=1

need_dotnet
say "Seed $seed, $targets parsers, $seconds s each"
dotnet build $project -c Release --nologo -v quiet
FTPMOUNT_FUZZ_SECONDS=$seconds FTPMOUNT_FUZZ_SEED=$seed \
  dotnet test $project --no-build -c Release --nologo -v quiet --filter "FullyQualifiedName~FtpMount.Ftp.Tests.Fuzz.FuzzTests" \
  || { say "Failed with seed $seed: scripts/fuzz.sh $minutes $seed"; exit 1; }
say "No failure with seed $seed"
