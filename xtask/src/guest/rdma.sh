# Makes an RDMA device of software (Soft-RoCE) on a pair of virtual network cards, and runs the tests
# of RDMA through it. What goes to an own address goes by the loopback device, which must be up.
quietly ip link add rdma0 type veth peer name rdma1
quietly ip addr add 10.9.0.1/24 dev rdma0
quietly ip link set rdma0 up
quietly ip link set rdma1 up
quietly rdma link add rxe0 type rxe netdev rdma0
# Memory that the device knows of is locked.
ulimit -l unlimited
echo "guest: an RDMA device of software"
REDPOLL_TEST_RDMA=10.9.0.1 "$tests" rdma:: --test-threads 1 || failed=1
