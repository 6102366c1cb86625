# Runs in the guest, in the host's root: SERVER TESTS.
# Makes of the NVDIMM one kind of far memory after the other and runs the tests of the tiers on it.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export REDPOLL_TEST_SERVER=$1 REDPOLL_TEST_PATIENCE=600
# Everything that is written lies here.
export TMPDIR=/run/tmp
mkdir -p /run/tmp /run/pmem
tests=$2
failed=0

check() {
    echo "guest: $1"
    REDPOLL_TEST_FAR=$2 "$tests" tiers:: --test-threads 1 || failed=1
}

quietly() {
    "$@" > /run/setup.log 2>&1 || { cat /run/setup.log; echo "guest: $1 failed"; failed=1; }
}

quietly ndctl create-namespace -f -e namespace0.0 --mode=devdax --align=2M
check "a DAX device, mapped directly" dax:/dev/dax0.0

quietly daxctl reconfigure-device --mode=system-ram dax0.0
numactl -H
check "memory of a node without processors" numa:1

quietly daxctl reconfigure-device -f --mode=devdax dax0.0
quietly ndctl create-namespace -f -e namespace0.0 --mode=fsdax
quietly mkfs.ext4 -q /dev/pmem0
quietly mount -o dax /dev/pmem0 /run/pmem
check "a file system with DAX" file:/run/pmem

[ "$failed" = 0 ] && echo "guest: passed"
exit "$failed"
