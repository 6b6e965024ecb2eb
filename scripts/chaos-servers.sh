# shellcheck shell=bash
# chaos-servers.sh : sourced by chaos.sh; servers beside vsftpd (vsftpd.sh), as the tests' account, which takes root.

# start_server KIND WORK SERVED : serves the folder SERVED on loopback. WORK is an existing folder for its files. Sets server (the process id, to be ended by the
# caller) and url; the password is in WORK/password.
start_server() {
  local kind=$1 work=$2 served=$3 folder=${XDG_CACHE_HOME:-$HOME/.cache}/ftpmount-tests/servers/$1 lowest password arguments=()
  case $kind in
    vsftpd)
      start_vsftpd "$work" "$served"
      # shellcheck disable=SC2034,SC2154
      url=ftp://$user@127.0.0.1:$port/
      return
      ;;
    proftpd | pure-ftpd | openssh) ;;
    *) die "$kind is none of vsftpd, proftpd, pure-ftpd, openssh" ;;
  esac
  [ "$(id -u)" = 0 ] || die "$kind is started as root only; --servers vsftpd works without"
  local user=ftpmount-test
  password=$(cat /var/lib/ftpmount-tests/password)
  chown "$user" "$served"
  lowest=$(cut -f1 /proc/sys/net/ipv4/ip_local_port_range)
  port=$((12000 + RANDOM % (lowest > 13000 ? lowest - 12000 : 20000)))
  case $kind in
    proftpd)
      cat >"$work/proftpd.conf" <<END
ModulePath $folder/usr/lib/proftpd
ServerName chaos
ServerType standalone
DefaultServer on
DefaultAddress 127.0.0.1
SocketBindTight on
Port $port
UseIPv6 off
UseReverseDNS off
User nobody
Group nogroup
Umask 022
MaxInstances 100
RequireValidShell off
UseFtpUsers off
AuthOrder mod_auth_unix.c
DefaultRoot $served
DefaultChdir $served
TimesGMT on
WtmpLog off
TransferLog none
SystemLog $work/proftpd.log
PidFile $work/proftpd.pid
ScoreboardFile $work/proftpd.scoreboard
ControlsEngine off
DelayEngine off
AllowRetrieveRestart on
AllowStoreRestart on
AllowOverwrite on
END
      arguments=("$folder/usr/sbin/proftpd" -n -c "$work/proftpd.conf")
      ;;
    pure-ftpd)
      (umask 077; printf '%s:%s:%s:%s::%s/./::::::::::::\n' "$user" "$(printf '%s\n' "$password" | openssl passwd -5 -stdin)" "$(id -u "$user")" "$(id -g "$user")" "$served" >"$work/pureftpd.passwd")
      "$folder/usr/bin/pure-pw" mkdb "$work/pureftpd.pdb" -f "$work/pureftpd.passwd"
      arguments=("$folder/usr/sbin/pure-ftpd" -S "127.0.0.1,$port" -A -E -H -u 1 -l "puredb:$work/pureftpd.pdb" -U 022:022 -c 100 -C 100 -f none -g "$work/pureftpd.pid" -Y 0)
      ;;
    openssh)
      mkdir -p /run/sshd
      ssh-keygen -q -t ed25519 -N '' -f "$work/host_ed25519"
      cat >"$work/sshd_config" <<END
Port $port
ListenAddress 127.0.0.1
HostKey $work/host_ed25519
AllowUsers $user
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM no
PermitRootLogin no
StrictModes no
UseDNS no
MaxStartups 1000
PidFile none
Subsystem sftp internal-sftp -d $served
ForceCommand internal-sftp -d $served
END
      arguments=("$(command -v sshd || echo /usr/sbin/sshd)" -D -e -f "$work/sshd_config")
      ;;
  esac
  local triplet
  triplet=$(uname -m)-linux-gnu
  LD_LIBRARY_PATH=$folder/usr/lib/$triplet:$folder/lib/$triplet LC_ALL=C.UTF-8 TZ=UTC "${arguments[@]}" >"$work/$kind.log" 2>&1 &
  server=$!
  for _ in $(seq 100); do
    kill -0 "$server" 2>/dev/null || { cat "$work/$kind.log" >&2; die "$kind did not start on port $port"; }
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.1
  done
  (umask 077; printf '%s' "$password" >"$work/password")
  if [ "$kind" = openssh ]; then
    # Its own folder for the keys of servers: that of this one is as new as the server.
    # shellcheck disable=SC2034
    url=sftp://$user@127.0.0.1:$port$served options=host-key=$(ssh-keygen -l -f "$work/host_ed25519.pub" | cut -d' ' -f2)
  else
    # shellcheck disable=SC2034
    url=ftp://$user@127.0.0.1:$port/
  fi
}
