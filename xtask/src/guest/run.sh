# Runs in the guest, in the host's root: DIRECTORY SERVER TESTS PART...
# A part is a script beside this one, which is run here and knows what is set below.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export REDPOLL_TEST_SERVER=$2 REDPOLL_TEST_PATIENCE=600
# Everything that is written lies here.
export TMPDIR=/run/tmp
mkdir -p /run/tmp
directory=$1
tests=$3
shift 3
failed=0

quietly() {
    "$@" > /run/setup.log 2>&1 || { cat /run/setup.log; echo "guest: $1 failed"; failed=1; }
}

for part in "$@"; do
    # shellcheck disable=SC1090
    . "$directory/$part.sh"
done

[ "$failed" = 0 ] && echo "guest: passed"
exit "$failed"
