# Runs the test that needs a network which delays and loses: this kernel has netem.
echo "guest: a network with delay and loss"
"$tests" partitions::a_replica_far_away --test-threads 1 --nocapture > /run/net.log 2>&1 || failed=1
cat /run/net.log
grep -q "skipped" /run/net.log && { echo "guest: netem FAILED"; failed=1; }
