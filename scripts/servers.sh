# shellcheck shell=bash
# servers.sh : sourced, after prerequisites.sh, by the scripts that need a server of their own on loopback.

# start_server KIND WORK SERVED [TLS [DATA_PORTS]] : serves the folder SERVED, read and write, as the tests' account (install-test-servers.sh) when root, else as this
# user; pyftpdlib always as this user. WORK is an existing folder for the server's files, which others may enter.
#   KIND        vsftpd, proftpd, pureftpd, pyftpdlib, openssh; the second and third are started as root only
#   TLS         "tls" for an FTP server that demands explicit TLS on all its connections, else ""
#   DATA_PORTS  "FIRST-LAST" of passive data connections, where the caller must know them
# Sets server (the process id, to be ended by the caller), port, user, url, and options, which a mount of it needs (for -o). WORK/password is the password; OpenSSH
# lets in by WORK/id_ed25519 also, and as an ordinary user by that alone. With TLS the certificate is WORK/cert.pem.
start_server() {
  local kind=$1 work=$2 served=$3 tls=${4:-} data_ports=${5:-} folder password lowest attempt scheme=ftp login='' arguments=()
  local first_data=${data_ports%-*} last_data=${data_ports#*-}
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/ftpmount-tests/servers/${kind/pureftpd/pure-ftpd}
  case $kind in
    vsftpd | pyftpdlib | openssh) ;;
    proftpd | pureftpd) [ "$(id -u)" = 0 ] || die "$kind is started as root only" ;;
    *) die "$kind is none of vsftpd, proftpd, pureftpd, pyftpdlib, openssh" ;;
  esac
  [ -z "$tls" ] || [ "$kind" != openssh ] || die "TLS is of FTP servers only"
  user=$(id -un) password=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
  if [ "$kind" != pyftpdlib ] && [ "$(id -u)" = 0 ]; then
    user=ftpmount-test password=$(cat /var/lib/ftpmount-tests/password)
    chown "$user" "$served"
  elif [ "$kind" = vsftpd ]; then
    user=anonymous password=ftpmount@localhost
  fi
  (umask 077; printf '%s' "$password" >"$work/password")
  options=password-file=$work/password
  if [ -n "$tls" ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 -subj /CN=localhost \
      -addext subjectAltName=IP:127.0.0.1,IP:127.0.0.2 2>/dev/null
    (umask 077; cat "$work/key.pem" "$work/cert.pem" >"$work/both.pem")
    scheme=ftpes options=$options,tls-ca=$work/cert.pem
  fi
  if [ "$kind" = openssh ]; then
    [ "$(id -u)" != 0 ] || mkdir -p /run/sshd
    ssh-keygen -q -t ed25519 -N '' -f "$work/host_ed25519"
    ssh-keygen -q -t ed25519 -N '' -f "$work/id_ed25519"
    install -m 644 "$work/id_ed25519.pub" "$work/authorized_keys"
    # Said here: the key of a server that is new each time belongs into nobody's known_hosts.
    options=host-key=$(ssh-keygen -l -f "$work/host_ed25519.pub" | cut -d' ' -f2)
    if [ "$(id -u)" = 0 ]; then options=$options,password-file=$work/password; else options=$options,identity-file=$work/id_ed25519; fi
    scheme=sftp login=$served
  fi

  # Below the range that the kernel takes ports for outgoing connections from. A port that somebody else has is not waited for.
  lowest=$(cut -f1 /proc/sys/net/ipv4/ip_local_port_range)
  for attempt in 1 2 3 4 5; do
    port=$((12000 + RANDOM % (lowest > 13000 ? lowest - 12000 : 20000)))
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue; fi
    "configure_$kind"
    LD_LIBRARY_PATH=$folder/usr/lib/$(uname -m)-linux-gnu:$folder/lib/$(uname -m)-linux-gnu LC_ALL=C.UTF-8 TZ=UTC \
      setsid "${arguments[@]}" >"$work/$kind.log" 2>&1 </dev/null &
    server=$!
    for _ in $(seq 100); do
      kill -0 "$server" 2>/dev/null || break
      # shellcheck disable=SC2034
      if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then url=$scheme://$user@127.0.0.1:$port${login:-/}; return; fi
      sleep 0.1
    done
    kill "$server" 2>/dev/null || true
  done
  cat "$work/$kind.log" >&2
  die "$kind does not start; the last port tried was $port (attempt $attempt)"
}

# configure_KIND : of start_server, whose variables they use; each sets the command's arguments.

configure_vsftpd() {
  mkdir -p "$work/empty"
  {
    printf '%s\n' background=NO listen=YES listen_ipv6=NO listen_address=127.0.0.1 "listen_port=$port" write_enable=YES local_umask=022 anon_umask=022 \
      allow_writeable_chroot=YES utf8_filesystem=YES isolate=NO isolate_network=NO seccomp_sandbox=NO "secure_chroot_dir=$work/empty" xferlog_enable=NO
    if [ "$(id -u)" = 0 ]; then
      printf '%s\n' anonymous_enable=NO local_enable=YES chroot_local_user=YES "local_root=$served" "pam_service_name=$user"
    else
      printf '%s\n' run_as_launching_user=YES anonymous_enable=YES local_enable=NO "anon_root=$served" anon_upload_enable=YES anon_mkdir_write_enable=YES \
        anon_other_write_enable=YES anon_world_readable_only=NO
    fi
    # Data connections must resume the TLS session of their control connection: its default, and what real ones demand.
    [ -z "$tls" ] || printf '%s\n' ssl_enable=YES require_ssl_reuse=YES "rsa_cert_file=$work/cert.pem" "rsa_private_key_file=$work/key.pem" ssl_ciphers=HIGH \
      allow_anon_ssl=YES force_local_logins_ssl=YES force_local_data_ssl=YES force_anon_logins_ssl=YES force_anon_data_ssl=YES
    [ -z "$data_ports" ] || printf '%s\n' "pasv_min_port=$first_data" "pasv_max_port=$last_data"
  } >"$work/vsftpd.conf"
  arguments=("$folder/usr/sbin/vsftpd" "$work/vsftpd.conf")
}

configure_proftpd() {
  local module
  {
    printf '%s\n' "ModulePath $folder/usr/lib/proftpd"
    for module in mod_copy mod_digest mod_site_misc ${tls:+mod_tls mod_tls_shmcache}; do
      [ ! -f "$folder/usr/lib/proftpd/$module.so" ] || printf '%s\n' "LoadModule $module.c"
    done
    printf '%s\n' "ServerName FtpMount" "ServerType standalone" "DefaultServer on" "DefaultAddress 127.0.0.1" "SocketBindTight on" "Port $port" "UseIPv6 off" \
      "UseReverseDNS off" "User nobody" "Group nogroup" "Umask 022" "MaxInstances 100" "RequireValidShell off" "UseFtpUsers off" "AuthOrder mod_auth_unix.c" \
      "DefaultRoot $served" "DefaultChdir $served" "TimesGMT on" "WtmpLog off" "TransferLog none" "SystemLog $work/proftpd.system.log" "PidFile $work/proftpd.pid" \
      "ScoreboardFile $work/proftpd.scoreboard" "ControlsEngine off" "DelayEngine off" "AllowRetrieveRestart on" "AllowStoreRestart on" "AllowOverwrite on"
    [ -z "$tls" ] || printf '%s\n' "TLSEngine on" "TLSRequired on" "TLSProtocol TLSv1.2 TLSv1.3" "TLSRSACertificateFile $work/cert.pem" \
      "TLSRSACertificateKeyFile $work/key.pem" "TLSLog $work/proftpd.tls.log"
    [ -z "$data_ports" ] || printf '%s\n' "PassivePorts $first_data $last_data"
  } >"$work/proftpd.conf"
  arguments=("$folder/usr/sbin/proftpd" -n -c "$work/proftpd.conf")
}

configure_pureftpd() {
  (umask 077; printf '%s:%s:%s:%s::%s/./::::::::::::\n' "$user" "$(printf '%s\n' "$password" | openssl passwd -5 -stdin)" "$(id -u "$user")" "$(id -g "$user")" \
    "$served" >"$work/pureftpd.passwd")
  "$folder/usr/bin/pure-pw" mkdb "$work/pureftpd.pdb" -f "$work/pureftpd.passwd"
  arguments=("$folder/usr/sbin/pure-ftpd" -S "127.0.0.1,$port" -A -E -H -u 1 -l "puredb:$work/pureftpd.pdb" -U 022:022 -c 100 -C 100 -f none -g "$work/pureftpd.pid")
  if [ -n "$tls" ]; then arguments+=(-Y 2 -2 "$work/both.pem"); else arguments+=(-Y 0); fi
  [ -z "$data_ports" ] || arguments+=(-p "$first_data:$last_data")
}

configure_pyftpdlib() {
  # shellcheck disable=SC2054
  arguments=(/usr/bin/python3 "$work/server.py" "$work" "$served" "$user" "$port" "${tls:+$work/both.pem}" "$data_ports")
  cat >"$work/server.py" <<'PYTHON'
import logging, sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer

work, served, user, port, certificate, data_ports = sys.argv[1:7]


class Handler(TLS_FTPHandler if certificate else FTPHandler):
    authorizer = DummyAuthorizer()
    unicode_errors = "surrogateescape"  # the default, "replace", cannot serve a name that is not UTF-8
    use_gmt_times = True


with open(f"{work}/password", encoding="ascii") as source:
    Handler.authorizer.add_user(user, source.read().strip(), served, perm="elradfmwMT")
if certificate:
    Handler.certfile = certificate
    Handler.tls_control_required = Handler.tls_data_required = True
if data_ports:
    first, last = map(int, data_ports.split("-"))
    Handler.passive_ports = range(first, last + 1)
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
server = FTPServer(("127.0.0.1", int(port)), Handler)
server.serve_forever()
PYTHON
}

configure_openssh() {
  {
    printf '%s\n' "Port $port" "ListenAddress 127.0.0.1" "HostKey $work/host_ed25519" "AllowUsers $user" "AuthorizedKeysFile $work/authorized_keys" \
      "KbdInteractiveAuthentication no" "UsePAM no" "PermitRootLogin no" "StrictModes no" "UseDNS no" "MaxStartups 1000" "PidFile none" \
      "Subsystem sftp internal-sftp -d $served" "ForceCommand internal-sftp -d $served"
    if [ "$(id -u)" = 0 ]; then echo "PasswordAuthentication yes"; else echo "PasswordAuthentication no"; fi
  } >"$work/sshd_config"
  # sshd demands to be called by its whole path
  arguments=("$(command -v sshd || echo /usr/sbin/sshd)" -D -e -f "$work/sshd_config")
}
