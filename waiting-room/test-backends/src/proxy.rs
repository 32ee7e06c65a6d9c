use std::{
    io,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
    thread,
    time::Duration,
};

/// A TCP relay whose target can be changed and whose connections can be cut: what a failover's change of
/// address looks like from the outside.
pub struct Proxy {
    port: u16,
    route: Arc<Route>,
}

struct Route {
    /// Zero refuses.
    target: AtomicU16,
    streams: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Relays a free port to `target` on the loopback interface.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.unwrap_or_else(|error| panic!("no free port: {error}"));
        let port = listener.local_addr().map_or(0, |address| address.port());
        let route = Arc::new(Route {
            target: AtomicU16::new(target),
            streams: Mutex::default(),
        });
        let shared = route.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = shared.relay(stream);
            }
        });
        Self { port, route }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Relays new connections to `target`, and cuts those there are.
    pub fn switch_to(&self, target: u16) {
        self.switch_new_to(target);
        self.route.cut();
    }

    /// Relays new connections to `target`; those there are go on.
    pub fn switch_new_to(&self, target: u16) {
        self.route.target.store(target, Ordering::SeqCst);
    }

    /// Cuts all connections and refuses new ones until [`Self::switch_to`].
    pub fn refuse(&self) {
        self.switch_to(0);
    }
}

impl Route {
    fn relay(&self, client: TcpStream) -> io::Result<()> {
        let target = self.target.load(Ordering::SeqCst);
        if target == 0 {
            return client.shutdown(Shutdown::Both);
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, target));
        let server = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        self.streams()
            .extend([client.try_clone()?, server.try_clone()?]);
        copy(client.try_clone()?, server.try_clone()?);
        copy(server, client);
        Ok(())
    }

    fn cut(&self) {
        for stream in self.streams().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn streams(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}
