#!/bin/busybox sh
# The guest's first process: loads modules, enters the host's root, runs a script there, and ends.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do
    insmod "/modules/$module" || echo "guest: $module is not loaded"
done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose host /host
mount --bind /proc /host/proc
mount --bind /sys /host/sys
mount --bind /dev /host/dev
# What is written there is the guest's own.
mount -t tmpfs tmpfs /host/run
mkdir -p /host/dev/shm
mount -t tmpfs tmpfs /host/dev/shm
ip link set lo up
words=$(sed 's/.*guest_run=\([^ ]*\).*/\1/; s/,/ /g' /proc/cmdline)
# shellcheck disable=SC2086
chroot /host /bin/bash $words
echo "guest: the script ended with $?"
poweroff -f
