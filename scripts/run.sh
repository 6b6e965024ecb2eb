#!/usr/bin/env bash
# run.sh [-o OPTIONS] URL MOUNTPOINT : builds the program and mounts URL at MOUNTPOINT (arguments as of "ftpmount mount").
# run.sh                             : shows it on a generated sample folder, served by a real FTP server on loopback.
# run.sh --stop                      : ends the sample: unmounts it, stops its server, removes its files.
set -euo pipefail
# shellcheck source=scripts/prerequisites.sh
. "$(dirname "$0")/prerequisites.sh"
# shellcheck source=scripts/servers.sh
. "$(dirname "$0")/servers.sh"

program=$artifacts/ftpmount
sample=${TMPDIR:-/tmp}/ftpmount-sample-$(id -un)
served=$sample/served
mount_point=$sample/mnt

# server_pid : prints the process id of the sample's server if that is really it
server_pid() {
  local pid
  pid=$(cat "$sample/server.pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$sample/server.py" && echo "$pid"
}

is_mounted() { grep -qF " $mount_point " /proc/self/mounts; }

stop_sample() {
  local pid code=0
  if is_mounted; then
    say "Unmounting $mount_point"
    { [ -x "$program" ] && "$program" unmount "$mount_point"; } \
      || fusermount3 -uz "$mount_point" 2>/dev/null || umount -l "$mount_point" 2>/dev/null \
      || { say "Cannot unmount $mount_point; is a program still in it?"; code=1; }
  fi
  if pid=$(server_pid); then
    say "Stopping the sample's FTP server (process $pid)"
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 50); do [ -d "/proc/$pid" ] || break; sleep 0.1; done
  fi
  if [ "$code" = 0 ] && ! is_mounted; then rm -rf --one-file-system "$sample"; fi
  return "$code"
}

make_sample() {
  python3_path=/usr/bin/python3
  if ! { [ -x "$python3_path" ] && "$python3_path" -c 'import pyftpdlib' 2>/dev/null; }; then install_packages python3-pyftpdlib; fi
  mkdir -m 700 "$sample" || die "$sample exists and is not this user's; remove it"
  mkdir "$served" "$mount_point"
  say "Generating a sample folder in $served"
  "$python3_path" - "$served" <<'PYTHON'
import os, struct, sys, zlib

os.chdir(sys.argv[1])


def write(path, data):
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(path, "wb") as out:
        out.write(data)


def picture(seed, width=160, height=120):
    """A small PNG: a gradient of its own for every photo."""
    rows = b"".join(
        b"\0" + bytes(v for x in range(width) for v in ((x + seed * 37) % 256, (y * 2 + seed * 11) % 256, (x * y // 64 + seed * 5) % 256))
        for y in range(height)
    )

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b""))


number = 0
for album, count in (("2024/12 Weihnachten", 8), ("2025/05 Praha – Malá Strana", 8), ("2025/07 Sommer in Österreich ☀️", 12),
                     ("2025/07 Sommer in Österreich ☀️/Bergtour & See", 8), ("2025/09 日本/京都", 8), ("2025/09 日本/東京 🗼", 6)):
    for index in range(1, count + 1):
        number += 1
        write(f"Photos/{album}/IMG_{number:04}.png", picture(number))
write("README.txt", b"""This folder lies on an FTP server, and you look at it through FtpMount.

Photos/     pictures in folders with names from all over the world
Documents/  names with spaces and signs; deep folders
Videos/     one big file

Everything works as on a local disk: cp, mv, rm, an editor, git, a file manager.
""")
write("Documents/Letter to the editor (draft #2).txt", b"Dear editor,\n\n100% of this file is sample text.\n")
write("Documents/it's \"quoted\".txt", b"quotes\n")
write("Documents/résumé.txt", "Résumé\n".encode())
write("/".join(["Documents"] + [f"level {depth}" for depth in range(1, 13)]) + "/deep.txt", b"twelve levels down\n")
block = os.urandom(1 << 20)
os.makedirs("Videos")
with open("Videos/big file.bin", "wb") as out:
    for index in range(96):
        out.write(struct.pack(">I", index) + block[4:])
PYTHON
  start_server pyftpdlib "$sample" "$served"
  echo "$server" >"$sample/server.pid"
  say "An FTP server (pyftpdlib) serves it on 127.0.0.1, port $port"
}

# shown COMMAND... : prints the command as a person would type it, then runs it
shown() {
  printf '\n$'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

show_sample() {
  local start end size local_sum remote_sum note=$mount_point/"a note.txt"
  shown ls -la "$mount_point"
  printf '\n$ find %q | head -20\n' "$mount_point"
  find "$mount_point" | sed -n '1,20p'
  shown head -n 3 "$mount_point/README.txt"

  size=$(stat -c %s "$mount_point/Videos/big file.bin")
  start=$(date +%s%N)
  cat "$mount_point/Videos/big file.bin" >/dev/null
  end=$(date +%s%N)
  printf '\nRead Videos/big file.bin, %s MiB, through the mount at %s MB/s\n' $((size >> 20)) $((size * 1000 / (end - start)))
  remote_sum=$(sha256sum <"$mount_point/Videos/big file.bin")
  local_sum=$(sha256sum <"$served/Videos/big file.bin")
  say "SHA-256 through the mount: ${remote_sum%% *}"
  say "SHA-256 on the server:     ${local_sum%% *}"
  [ "$remote_sum" = "$local_sum" ] || die "the two differ"

  printf '\n$ echo "written through the mount" >%q\n' "$note"
  echo "written through the mount" >"$note"
  for _ in $(seq 100); do cmp -s "$note" "$served/a note.txt" && break; sleep 0.1; done
  cmp -s "$note" "$served/a note.txt" || die "what was written did not arrive on the server"
  say "It has arrived on the server:"
  shown cat "$served/a note.txt"
  shown "$program" status
}

case "${1:-}" in
  -h | --help)
    sed -n '2,4s/^# \?//p' "$0"
    exit 0 ;;
  --stop)
    [ -d "$sample" ] || { say "The sample is not running"; exit 0; }
    stop_sample
    say "The sample has ended"
    exit 0 ;;
esac

need_dotnet
need_fuse
"$repository/scripts/build.sh"
[ $# -eq 0 ] || exec "$program" mount "$@"

if [ -e "$sample" ]; then
  [ -O "$sample" ] || die "$sample is not this user's; remove it"
  say "Ending the sample of the last time"
  stop_sample
fi
make_sample
say "Mounting it at $mount_point"
"$program" mount -o "$options" "$url" "$mount_point" \
  || { stop_sample >/dev/null 2>&1 || true; die "the mount failed"; }
show_sample
cat <<END

The sample is mounted at   $mount_point
  look around:             ls -R "$mount_point"    (or open it in a file manager)
  what happens on it:      "$program" status
  unmount:                 "$program" unmount "$mount_point"
  end the sample:          "$repository/scripts/run.sh" --stop
END
