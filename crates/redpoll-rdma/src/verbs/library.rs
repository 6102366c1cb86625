//! The two libraries, loaded when RDMA is first asked for: a machine without them lacks nothing.

use super::abi::{
    CmEvent, CmId, CompChannel, ConnParam, Context, Cq, DeviceAttr, EventChannel, Mr, Pd,
    QpInitAttr,
};
use libc::{c_char, c_int, c_uint, c_void, sockaddr};
use std::ffi::CStr;
use std::io;
use std::sync::OnceLock;

/// Declares the functions, and how they are found.
macro_rules! functions {
    ($($library:ident {$($name:ident($($arg:ty),*) $(-> $result:ty)?;)*})*) => {
        /// The functions of both libraries; each has a manual page.
        pub struct Library {
            $($(pub $name: unsafe extern "C" fn($($arg),*) $(-> $result)?,)*)*
        }

        impl Library {
            fn load() -> Result<Library, String> {
                $(let $library = Opened::open(stringify!($library))?;)*
                // SAFETY: each name is that of a function of this type in every version of the
                // library that the opened file's name stands for.
                unsafe {
                    Ok(Library {
                        $($($name: std::mem::transmute::<
                            *mut c_void,
                            unsafe extern "C" fn($($arg),*) $(-> $result)?,
                        >($library.find(concat!(stringify!($name), "\0"))?),)*)*
                    })
                }
            }
        }
    };
}

functions! {
    libibverbs {
        ibv_query_device(*mut Context, *mut DeviceAttr) -> c_int;
        ibv_alloc_pd(*mut Context) -> *mut Pd;
        ibv_dealloc_pd(*mut Pd) -> c_int;
        ibv_reg_mr(*mut Pd, *mut c_void, usize, c_int) -> *mut Mr;
        ibv_dereg_mr(*mut Mr) -> c_int;
        ibv_create_comp_channel(*mut Context) -> *mut CompChannel;
        ibv_destroy_comp_channel(*mut CompChannel) -> c_int;
        ibv_create_cq(*mut Context, c_int, *mut c_void, *mut CompChannel, c_int) -> *mut Cq;
        ibv_destroy_cq(*mut Cq) -> c_int;
        ibv_get_cq_event(*mut CompChannel, *mut *mut Cq, *mut *mut c_void) -> c_int;
        ibv_ack_cq_events(*mut Cq, c_uint);
        ibv_wc_status_str(c_uint) -> *const c_char;
    }
    librdmacm {
        rdma_get_devices(*mut c_int) -> *mut *mut Context;
        rdma_free_devices(*mut *mut Context);
        rdma_create_event_channel() -> *mut EventChannel;
        rdma_destroy_event_channel(*mut EventChannel);
        rdma_create_id(*mut EventChannel, *mut *mut CmId, *mut c_void, c_uint) -> c_int;
        rdma_destroy_id(*mut CmId) -> c_int;
        rdma_migrate_id(*mut CmId, *mut EventChannel) -> c_int;
        rdma_set_option(*mut CmId, c_int, c_int, *mut c_void, usize) -> c_int;
        rdma_bind_addr(*mut CmId, *mut sockaddr) -> c_int;
        rdma_listen(*mut CmId, c_int) -> c_int;
        rdma_resolve_addr(*mut CmId, *mut sockaddr, *mut sockaddr, c_int) -> c_int;
        rdma_resolve_route(*mut CmId, c_int) -> c_int;
        rdma_create_qp(*mut CmId, *mut Pd, *mut QpInitAttr) -> c_int;
        rdma_destroy_qp(*mut CmId);
        rdma_connect(*mut CmId, *mut ConnParam) -> c_int;
        rdma_accept(*mut CmId, *mut ConnParam) -> c_int;
        rdma_reject(*mut CmId, *const c_void, u8) -> c_int;
        rdma_disconnect(*mut CmId) -> c_int;
        rdma_get_cm_event(*mut EventChannel, *mut *mut CmEvent) -> c_int;
        rdma_ack_cm_event(*mut CmEvent) -> c_int;
    }
}

/// A library that stays loaded.
struct Opened {
    name: String,
    handle: *mut c_void,
}

impl Opened {
    /// The name without what tells the version of the interface.
    fn open(name: &str) -> Result<Opened, String> {
        let name = format!("{name}.so.1");
        let file = format!("{name}\0");
        // SAFETY: the name ends with a zero. The library is one of those that programs are linked
        // to, and what it does when it is loaded it does in them, too.
        let handle =
            unsafe { libc::dlopen(file.as_ptr().cast(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if handle.is_null() {
            return Err(format!("{name} is not installed"));
        }
        Ok(Opened { name, handle })
    }

    /// The address of what has a name, which ends with a zero.
    fn find(&self, name: &str) -> Result<*mut c_void, String> {
        // SAFETY: the handle is that of a library that is never closed, and the name ends with a
        // zero.
        let address = unsafe { libc::dlsym(self.handle, name.as_ptr().cast()) };
        match address.is_null() {
            true => Err(format!("{} has no {}", self.name, name.trim_end_matches('\0'))),
            false => Ok(address),
        }
    }
}

/// The libraries.
///
/// # Errors
/// If they are not there: why there is no RDMA, in a sentence.
pub fn library() -> io::Result<&'static Library> {
    static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();
    let loaded = LIBRARY.get_or_init(Library::load);
    loaded.as_ref().map_err(|why| {
        io::Error::new(io::ErrorKind::Unsupported, format!("no RDMA on this machine: {why}"))
    })
}

/// What a completion's status says.
pub fn describe(status: u32) -> String {
    let Ok(library) = library() else { return format!("status {status}") };
    // SAFETY: it takes any number and answers with a text that is part of the library.
    let text = unsafe {
        let text = (library.ibv_wc_status_str)(status);
        (!text.is_null()).then(|| CStr::from_ptr(text))
    };
    text.map_or_else(|| format!("status {status}"), |text| text.to_string_lossy().into_owned())
}
