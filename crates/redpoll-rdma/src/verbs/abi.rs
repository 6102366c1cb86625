//! How the structures of libibverbs and librdmacm lie in memory, as far as they are used here.
//!
//! These are facts of the libraries' binary interface, which has been the same since version 1.1 of
//! both (2006). A structure that the libraries make is reached through pointers only, so that its
//! declaration may end behind the last field that is used; one that is made here is declared whole,
//! and its size is checked below.

use libc::{c_int, c_void, sockaddr_storage};
use std::mem::{offset_of, size_of};

/// A device that is open (`ibv_context`), with the functions of its driver that the libraries'
/// headers call directly.
#[repr(C)]
pub struct Context {
    _device: *mut c_void,
    _ops_before_poll: [*mut c_void; 11],
    /// `ibv_poll_cq`.
    pub poll_cq: unsafe extern "C" fn(*mut Cq, c_int, *mut Wc) -> c_int,
    /// `ibv_req_notify_cq`.
    pub req_notify_cq: unsafe extern "C" fn(*mut Cq, c_int) -> c_int,
    _ops_before_send: [*mut c_void; 12],
    /// `ibv_post_send`.
    pub post_send: unsafe extern "C" fn(*mut Qp, *mut SendWr, *mut *mut SendWr) -> c_int,
    /// `ibv_post_recv`.
    pub post_recv: unsafe extern "C" fn(*mut Qp, *mut RecvWr, *mut *mut RecvWr) -> c_int,
    _ops_behind: [*mut c_void; 5],
    _cmd_fd: c_int,
    _async_fd: c_int,
    /// How many completion vectors there are.
    pub num_comp_vectors: c_int,
}

/// A protection domain (`ibv_pd`).
#[repr(C)]
pub struct Pd {
    _context: *mut Context,
}

/// A memory region (`ibv_mr`).
#[repr(C)]
pub struct Mr {
    _context: *mut Context,
    _pd: *mut Pd,
    _addr: *mut c_void,
    _length: usize,
    _handle: u32,
    /// The key for work requests of this side.
    pub lkey: u32,
    /// The key for the other side.
    pub rkey: u32,
}

/// A channel for events of completion (`ibv_comp_channel`).
#[repr(C)]
pub struct CompChannel {
    _context: *mut Context,
    /// Its descriptor.
    pub fd: c_int,
}

/// A completion queue (`ibv_cq`).
#[repr(C)]
pub struct Cq {
    /// The device.
    pub context: *mut Context,
}

/// A queue pair (`ibv_qp`).
#[repr(C)]
pub struct Qp {
    /// The device.
    pub context: *mut Context,
}

/// Limits of a queue pair (`ibv_qp_cap`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct QpCap {
    /// Work requests that may wait to be sent.
    pub max_send_wr: u32,
    /// Work requests that may wait to receive.
    pub max_recv_wr: u32,
    /// Pieces of memory of one that sends.
    pub max_send_sge: u32,
    /// Pieces of memory of one that receives.
    pub max_recv_sge: u32,
    /// Bytes that may lie in the request itself.
    pub max_inline_data: u32,
}

/// What a queue pair is made of (`ibv_qp_init_attr`).
#[repr(C)]
pub struct QpInitAttr {
    /// Of no use here.
    pub qp_context: *mut c_void,
    /// Where what has been sent is reported.
    pub send_cq: *mut Cq,
    /// Where what has been received is reported.
    pub recv_cq: *mut Cq,
    /// Of no use here.
    pub srq: *mut c_void,
    /// Limits.
    pub cap: QpCap,
    /// [`RELIABLE`].
    pub qp_type: u32,
    /// Whether all sends are reported.
    pub sq_sig_all: c_int,
}

/// A piece of memory (`ibv_sge`).
#[repr(C)]
pub struct Sge {
    /// Where it is.
    pub addr: u64,
    /// Bytes.
    pub length: u32,
    /// Its region's key.
    pub lkey: u32,
}

/// A request to send, write or read (`ibv_send_wr`).
#[repr(C)]
pub struct SendWr {
    /// Comes back in the completion.
    pub wr_id: u64,
    /// The next one of a list.
    pub next: *mut SendWr,
    /// The memory on this side.
    pub sg_list: *mut Sge,
    /// How many pieces.
    pub num_sge: c_int,
    /// What to do: `WR_…`.
    pub opcode: u32,
    /// `SEND_…`.
    pub send_flags: u32,
    /// Four bytes for the other side, in network order.
    pub imm_data: u32,
    /// The memory on the other side.
    pub remote_addr: u64,
    /// Its key.
    pub rkey: u32,
    _rest_of_wr: [u32; 5],
    _xrc: [u32; 2],
    _bind: [u64; 6],
}

impl SendWr {
    /// One that does nothing yet.
    pub fn new(wr_id: u64, sg_list: *mut Sge, opcode: u32) -> Self {
        SendWr {
            wr_id,
            next: std::ptr::null_mut(),
            sg_list,
            num_sge: 1,
            opcode,
            send_flags: SEND_SIGNALED,
            imm_data: 0,
            remote_addr: 0,
            rkey: 0,
            _rest_of_wr: [0; 5],
            _xrc: [0; 2],
            _bind: [0; 6],
        }
    }
}

/// A request to receive (`ibv_recv_wr`).
#[repr(C)]
pub struct RecvWr {
    /// Comes back in the completion.
    pub wr_id: u64,
    /// The next one of a list.
    pub next: *mut RecvWr,
    /// The memory.
    pub sg_list: *mut Sge,
    /// How many pieces.
    pub num_sge: c_int,
}

/// A completion (`ibv_wc`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Wc {
    /// Of the request.
    pub wr_id: u64,
    /// 0, or what has gone wrong.
    pub status: u32,
    /// What has been done: `WC_…`; valid if nothing has gone wrong.
    pub opcode: u32,
    _vendor_err: u32,
    /// Bytes received.
    pub byte_len: u32,
    /// The other side's four bytes, in network order.
    pub imm_data: u32,
    _qp_num: u32,
    _src_qp: u32,
    _wc_flags: u32,
    _pkey_index: u16,
    _slid: u16,
    _sl: u8,
    _dlid_path_bits: u8,
}

impl Wc {
    /// Room for one.
    pub const EMPTY: Wc = Wc {
        wr_id: 0,
        status: 0,
        opcode: 0,
        _vendor_err: 0,
        byte_len: 0,
        imm_data: 0,
        _qp_num: 0,
        _src_qp: 0,
        _wc_flags: 0,
        _pkey_index: 0,
        _slid: 0,
        _sl: 0,
        _dlid_path_bits: 0,
    };
}

/// What a device can do (`ibv_device_attr`).
#[repr(C)]
pub struct DeviceAttr {
    _before: [u64; 14],
    /// Work requests that may wait in a queue.
    pub max_qp_wr: c_int,
    _between: [c_int; 4],
    /// Completions that a queue may hold.
    pub max_cqe: c_int,
    _behind: [u64; 12],
}

impl DeviceAttr {
    /// Room for one.
    pub fn empty() -> Self {
        DeviceAttr {
            _before: [0; 14],
            max_qp_wr: 0,
            _between: [0; 4],
            max_cqe: 0,
            _behind: [0; 12],
        }
    }
}

/// A channel for events of connections (`rdma_event_channel`).
#[repr(C)]
pub struct EventChannel {
    /// Its descriptor.
    pub fd: c_int,
}

/// What stands for a connection, or for a listener (`rdma_cm_id`).
#[repr(C)]
pub struct CmId {
    /// The device, once it is known.
    pub verbs: *mut Context,
    _channel: *mut EventChannel,
    _context: *mut c_void,
    /// The queue pair, once there is one.
    pub qp: *mut Qp,
    /// The address of this side.
    pub source: sockaddr_storage,
    /// That of the other.
    pub destination: sockaddr_storage,
}

/// How to connect, or to accept (`rdma_conn_param`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ConnParam {
    /// A few bytes for the other side.
    pub private_data: *const c_void,
    /// How many.
    pub private_data_len: u8,
    /// How many READs of the other side are served at once.
    pub responder_resources: u8,
    /// How many READs may be under way to it.
    pub initiator_depth: u8,
    /// Whether there is flow control.
    pub flow_control: u8,
    /// How often what is lost is sent again.
    pub retry_count: u8,
    /// How often the other side tries again if nothing waits to receive; 7 is without end.
    pub rnr_retry_count: u8,
    _srq: u8,
    _qp_num: u32,
}

impl ConnParam {
    /// That serves so many READs and has as many under way, with words for the other side.
    pub fn new(reads: u8, words: &[u8]) -> Self {
        ConnParam {
            private_data: words.as_ptr().cast(),
            private_data_len: words.len() as u8,
            responder_resources: reads,
            initiator_depth: reads,
            flow_control: 1,
            retry_count: 7,
            rnr_retry_count: 7,
            _srq: 0,
            _qp_num: 0,
        }
    }
}

/// Something that has happened to a connection (`rdma_cm_event`).
#[repr(C)]
pub struct CmEvent {
    /// To which.
    pub id: *mut CmId,
    _listen_id: *mut CmId,
    /// What: `EVENT_…`.
    pub event: u32,
    /// 0, or what has gone wrong.
    pub status: c_int,
    /// What the other side has said.
    pub conn: ConnParam,
}

/// A reliable connection (`IBV_QPT_RC`).
pub const RELIABLE: u32 = 2;

/// Memory that the device may write to.
pub const ACCESS_LOCAL_WRITE: c_int = 1;
/// Memory that the other side may write to.
pub const ACCESS_REMOTE_WRITE: c_int = 2;
/// Memory that the other side may read.
pub const ACCESS_REMOTE_READ: c_int = 4;

/// Write, and tell the other side.
pub const WR_RDMA_WRITE_WITH_IMM: u32 = 1;
/// Send.
pub const WR_SEND: u32 = 2;
/// Read.
pub const WR_RDMA_READ: u32 = 4;
/// A completion is wanted.
pub const SEND_SIGNALED: u32 = 2;

/// Something was received.
pub const WC_RECV: u32 = 128;
/// The other side has written, and tells.
pub const WC_RECV_RDMA_WITH_IMM: u32 = 129;
/// The queue pair has been given up; what waited comes back undone.
pub const STATUS_FLUSHED: u32 = 5;

/// Connections with the ports of TCP.
pub const PORTS_TCP: u32 = 0x0106;
/// The address has a device.
pub const EVENT_ADDR_RESOLVED: u32 = 0;
/// It has none.
pub const EVENT_ADDR_ERROR: u32 = 1;
/// There is a way.
pub const EVENT_ROUTE_RESOLVED: u32 = 2;
/// There is none.
pub const EVENT_ROUTE_ERROR: u32 = 3;
/// Somebody wants to connect.
pub const EVENT_CONNECT_REQUEST: u32 = 4;
/// That has failed.
pub const EVENT_CONNECT_ERROR: u32 = 6;
/// Nobody answers.
pub const EVENT_UNREACHABLE: u32 = 7;
/// The other side does not want to.
pub const EVENT_REJECTED: u32 = 8;
/// The connection stands.
pub const EVENT_ESTABLISHED: u32 = 9;
/// It has ended.
pub const EVENT_DISCONNECTED: u32 = 10;
/// The device is gone.
pub const EVENT_DEVICE_REMOVAL: u32 = 11;

/// Options of an id.
pub const OPTION_ID: c_int = 0;
/// Whether a port may be used again at once.
pub const OPTION_ID_REUSEADDR: c_int = 1;
/// Whether an IPv6 address takes no IPv4 clients.
pub const OPTION_ID_AFONLY: c_int = 2;

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(offset_of!(Context, poll_cq) == 96);
    assert!(offset_of!(Context, req_notify_cq) == 104);
    assert!(offset_of!(Context, post_send) == 208);
    assert!(offset_of!(Context, post_recv) == 216);
    assert!(offset_of!(Context, num_comp_vectors) == 272);
    assert!(offset_of!(Mr, lkey) == 36 && offset_of!(Mr, rkey) == 40);
    assert!(size_of::<QpInitAttr>() == 64 && offset_of!(QpInitAttr, qp_type) == 52);
    assert!(size_of::<Sge>() == 16 && size_of::<RecvWr>() == 32);
    assert!(size_of::<SendWr>() == 128 && offset_of!(SendWr, imm_data) == 36);
    assert!(offset_of!(SendWr, remote_addr) == 40 && offset_of!(SendWr, rkey) == 48);
    assert!(size_of::<Wc>() == 48 && offset_of!(Wc, imm_data) == 24);
    assert!(size_of::<DeviceAttr>() == 232 && offset_of!(DeviceAttr, max_qp_wr) == 112);
    assert!(offset_of!(DeviceAttr, max_cqe) == 132);
    assert!(offset_of!(CmId, qp) == 24 && offset_of!(CmId, source) == 32);
    assert!(offset_of!(CmId, destination) == 160);
    assert!(size_of::<ConnParam>() == 24 && offset_of!(ConnParam, rnr_retry_count) == 13);
    assert!(offset_of!(CmEvent, event) == 16 && offset_of!(CmEvent, conn) == 24);
    assert!(offset_of!(CompChannel, fd) == 8);
};
