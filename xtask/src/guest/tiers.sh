# Makes of the NVDIMM one kind of far memory after the other and runs the tests of the tiers on it.
mkdir -p /run/pmem

check_far() {
    echo "guest: $1"
    REDPOLL_TEST_FAR=$2 "$tests" tiers:: --test-threads 1 || failed=1
}

quietly ndctl create-namespace -f -e namespace0.0 --mode=devdax --align=2M
check_far "a DAX device, mapped directly" dax:/dev/dax0.0

quietly daxctl reconfigure-device --mode=system-ram dax0.0
numactl -H
check_far "memory of a node without processors" numa:1

quietly daxctl reconfigure-device -f --mode=devdax dax0.0
quietly ndctl create-namespace -f -e namespace0.0 --mode=fsdax
quietly mkfs.ext4 -q /dev/pmem0
quietly mount -o dax /dev/pmem0 /run/pmem
check_far "a file system with DAX" file:/run/pmem
