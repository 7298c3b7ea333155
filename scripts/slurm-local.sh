#!/bin/sh
# slurm-local.sh start|stop [DIR]: a Slurm of this machine alone, in a folder of its own (default: slurm-local), for tests
# and trials. start prints the line that other shells need: export SLURM_CONF=DIR/slurm.conf. It takes root and Debian's
# slurmctld, slurmd, slurm-client and munge (exit code 3 without them); munge's daemon is shared with whoever runs one
# already. slurmd-stop and slurmd-start: that daemon alone, as when a node fails and comes back.
set -eu
usage() { echo "usage: $0 start|stop|slurmd-start|slurmd-stop [DIR]" >&2; exit 2; }
[ $# -ge 1 ] || usage
mkdir -p "${2:-slurm-local}"
dir=$(cd "${2:-slurm-local}" && pwd)
export SLURM_CONF="$dir/slurm.conf"
PATH=$PATH:/usr/sbin

say() { echo "slurm-local.sh: $1" >&2; }
needs() { # programs that are missing, with their packages
    for tool in munged:munge slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client; do
        command -v "${tool%:*}" >/dev/null 2>&1 || { say "${tool%:*} is missing; as root: apt-get install ${tool#*:}"; exit 3; }
    done
    [ "$(id -u)" -eq 0 ] || { say "root is needed"; exit 3; }
}

end() { # FILE: ends the process whose number stands there, and waits for it
    [ -s "$1" ] || return 0
    pid=$(cat "$1")
    kill "${2:--TERM}" "$pid" 2>/dev/null || true
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
    rm -f "$1"
}

free_port() { # a port of this machine that nobody listens on, from $1 on
    python3 - "$1" <<'PY'
import socket, sys
for port in range(int(sys.argv[1]), int(sys.argv[1]) + 500):
    with socket.socket() as s:
        if s.connect_ex(("127.0.0.1", port)):
            print(port)
            break
PY
}

configure() {
    host=$(hostname -s) ctl=$(free_port 16817)
    mkdir -p "$dir/state" "$dir/spool" "$dir/run"
    cat >"$SLURM_CONF" <<EOF
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket=$socket,cred_expire=10
SlurmUser=root
SlurmdUser=root
SlurmctldPort=$ctl
SlurmdPort=$(free_port $((ctl + 1)))
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=5,bf_interval=5
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdTimeout=10
KillWait=10
JobRequeue=1
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
AccountingStorageType=accounting_storage/none
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
EOF
}

start_munge() {
    socket=/run/munge/munge.socket.2
    if munge -n </dev/null 2>/dev/null | unmunge >/dev/null 2>&1; then return; fi
    mkdir -p /run/munge /var/log/munge /var/lib/munge
    chown munge: /run/munge /var/log/munge /var/lib/munge
    [ -s /etc/munge/munge.key ] || mungekey --create >/dev/null
    su -s /bin/sh munge -c munged
    ln -sf /run/munge/munged.pid "$dir/run/munged.pid"
}

slurmd_start() { slurmd -f "$SLURM_CONF" -N "$(hostname -s)" >/dev/null; }

start() {
    needs
    mkdir -p "$dir/run"
    start_munge
    configure
    slurmctld -f "$SLURM_CONF" >/dev/null
    slurmd_start
    for _ in $(seq 100); do
        case $(sinfo -h -o %T 2>/dev/null) in idle | mixed | allocated)
            echo "export SLURM_CONF=$SLURM_CONF"
            return ;;
        esac
        sleep 0.2
    done
    say "no node is idle after 20 s; $dir/slurmctld.log and slurmd.log say more"
    stop
    exit 1
}

stop() {
    scancel --user root 2>/dev/null || true
    end "$dir/run/slurmd.pid"
    end "$dir/run/slurmctld.pid"
    if [ -L "$dir/run/munged.pid" ] && ! pgrep -x slurmctld >/dev/null; then end "$dir/run/munged.pid"; fi
    rm -f "$dir/run/munged.pid"
}

case $1 in
start) start ;;
stop) stop ;;
slurmd-start) slurmd_start ;;
slurmd-stop) end "$dir/run/slurmd.pid" -KILL ;;
*) usage ;;
esac
