#!/usr/bin/env bash
# bench.sh [--tls] [--rtt MS] [--only GROUPS] [--repetitions N] [SIZE_IN_MIB] : the same work from vsftpd on loopback through artifacts/ftpmount and through
# rclone mount (--vfs-cache-mode writes), in turn; prints the medians and how many times better ftpmount is.
#   GROUPS  of start,write,read,random,names,small (all of them): mounting, one big file, random reads, ls and stat, small files in and out
#   --tls   over explicit TLS, data connections encrypted; rclone with TLS 1.2, because with TLS 1.3 it does not resume sessions as vsftpd demands
#   --rtt   a line with so many milliseconds of round trip between the mounts and the server
# Default 1024 MiB, three repetitions; three times that must be free in the temporary folder (TMPDIR).
set -euo pipefail
# shellcheck source=scripts/prerequisites.sh
. "$(dirname "$0")/prerequisites.sh"
# shellcheck source=scripts/vsftpd.sh
. "$(dirname "$0")/vsftpd.sh"

usage() { sed -n '2s/^# //p' "$0" >&2; exit 2; }
tls='' size=1024 options=(--repetitions 3)
while [ $# -gt 0 ]; do
  case $1 in
    --tls) tls=1 ;;
    --rtt|--only|--repetitions) [ $# -gt 1 ] || usage; options+=("$1" "$2"); shift ;;
    *[!0-9]*|'') usage ;;
    *) size=$1 ;;
  esac
  shift
done
program=${FTPMOUNT:-$artifacts/ftpmount}

need_dotnet
need_fuse
install_missing rclone=rclone setpriv=util-linux git=git
"$repository/scripts/install-test-servers.sh" --quiet
[ -n "${FTPMOUNT:-}" ] || "$repository/scripts/build.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/ftpmount-bench-XXXXXX")
chmod 755 "$work"
mkdir "$work/served"
server=''
finish() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null || true; }
  rm -rf --one-file-system "$work"
}
trap finish EXIT

first_port=$((22000 + RANDOM % 8000)) configuration=()
scheme=ftp ours='' theirs=''
if [ -n "$tls" ]; then
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1,IP:127.0.0.2 2>/dev/null
  configuration=(ssl_enable=YES require_ssl_reuse=YES "rsa_cert_file=$work/cert.pem" "rsa_private_key_file=$work/key.pem" ssl_ciphers=HIGH allow_anon_ssl=YES
    force_local_logins_ssl=YES force_local_data_ssl=YES)
  scheme=ftpes ours=,tls-ca=$work/cert.pem theirs=,explicit_tls=true,no_check_certificate=true,disable_tls13=true
fi
start_vsftpd "$work" "$work/served" pasv_min_port=$first_port pasv_max_port=$((first_port + 200)) "${configuration[@]}"
/usr/bin/env python3 "$repository/scripts/bench.py" --work "$work" --served "$work/served" --program "$program" --user "$user" --port "$port" \
  --ports "$first_port-$((first_port + 200))" --scheme "$scheme" --ours "$ours" --theirs "$theirs" --size "$size" "${options[@]}"
