#!/usr/bin/env bash
# Runs a sweep through a real Slurm of one node and holds the merged tables against a plain run.
#
# Needs root on Debian or Ubuntu: installs slurm-wlm and munge, writes a configuration for this machine into
# a folder of its own, starts munged, slurmctld and slurmd, submits what `myoflux sweep slurm` writes, waits,
# compares bytes, and ends what it started.
set -euo pipefail
cd "$(dirname "$0")/../.."

study=${1:-scenarios/iron/dose_and_ferritin.study.toml}
binary=$(realpath "${MYOFLUX:-target/release/myoflux}")
command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v munged >/dev/null || {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq slurm-wlm munge >/dev/null
}

work=$(mktemp -d)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
chmod 755 "$work"
mkdir -p "$work/state" "$work/spool" "$work/bin"
ln -s "$binary" "$work/bin/myoflux"
export PATH="$work/bin:$PATH" SLURM_CONF="$work/slurm.conf"

# One key, one socket: nothing of an installed munge is touched.
dd if=/dev/urandom of="$work/munge.key" bs=128 count=8 status=none
chmod 600 "$work/munge.key"
munged --force --key-file="$work/munge.key" --socket="$work/munge.socket" \
    --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munge.seed" \
    --foreground >/dev/null 2>&1 &
pids+=($!)

host=$(hostname -s)
memory=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1024 / 2))
cat >"$SLURM_CONF" <<CONF
ClusterName=single
SlurmctldHost=$host
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName=$host NodeHostname=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
for _ in $(seq 50); do [ -S "$work/munge.socket" ] && break; sleep 0.1; done
slurmctld -D -f "$SLURM_CONF" >"$work/slurmctld.out" 2>&1 &
pids+=($!)
slurmd -D -f "$SLURM_CONF" >"$work/slurmd.out" 2>&1 &
pids+=($!)
for _ in $(seq 100); do
    sinfo -h -o %T 2>/dev/null | grep -q idle && break
    sleep 0.3
done
sinfo -h -o %T | grep -q idle || {
    echo "error: the node does not come up" >&2
    tail -n 20 "$work"/slurm*.log "$work"/*.out >&2
    exit 1
}

myoflux sweep slurm "$study" --shards 3 --memory 500M -o "$work/sweep"
job=$(sbatch --parsable "$work/sweep/shards.sbatch")
merge=$(sbatch --parsable --dependency="afterok:$job" "$work/sweep/merge.sbatch")
for _ in $(seq 1200); do
    [ -z "$(squeue -h -j "$job,$merge" 2>/dev/null)" ] && break
    sleep 0.5
done
cat "$work"/sweep/*.log
code=0
myoflux sweep "$study" -o "$work/plain" || code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 3 ]
for table in members.csv failures.csv columns.csv; do
    cmp "$work/sweep/$table" "$work/plain/$table"
done
echo "the same bytes through a Slurm of one node, three tasks"
