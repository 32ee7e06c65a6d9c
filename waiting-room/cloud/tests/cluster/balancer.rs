use std::net::Ipv4Addr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// One address for several instances: each connection goes to the next one that takes it.
pub(crate) struct Balancer {
    port: u16,
    relaying: JoinHandle<()>,
}

impl Balancer {
    pub(crate) async fn across(ports: Vec<u16>) -> Self {
        Self::by(move || ports.clone()).await
    }

    /// To whom a connection goes is asked anew for each.
    pub(crate) async fn by(ports: impl Fn() -> Vec<u16> + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let relaying = tokio::spawn(async move {
            let mut turn = 0;
            while let Ok((client, _)) = listener.accept().await {
                turn += 1;
                let mut ports = ports();
                let first = turn % ports.len().max(1);
                ports.rotate_left(first);
                tokio::spawn(relay(client, ports));
            }
        });
        Self { port, relaying }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

async fn relay(mut client: TcpStream, ports: Vec<u16>) {
    for port in ports {
        if let Ok(mut instance) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
            let _ = copy_bidirectional(&mut client, &mut instance).await;
            return;
        }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.relaying.abort();
    }
}
