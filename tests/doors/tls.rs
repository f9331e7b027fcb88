//! Encrypted connections.

use super::client::{Door, POLLING, SOON, WEBSOCKET, live, quoted};
use super::wire::Wire;
use std::path::Path;
use std::sync::Arc;
use tickwire::doors::{Server, acceptor};
use tickwire::host::{Config, Count};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Of nobody but these tests: it names `localhost`.
fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doors").join(name)
}

async fn door(change: impl FnOnce(&mut Config)) -> Door {
    let mut config = Config::default();
    change(&mut config);
    let acceptor = acceptor(&file("certificate.pem"), &file("key.pem")).expect("a certificate");
    Door::serve(Server::new(config).tls(acceptor)).await
}

async fn connect(door: &Door) -> Wire<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(file("certificate.pem")).expect("a file");
    roots.add(certificate).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(door.address).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    Wire::new(stream.expect("encryption"))
}

#[test]
fn websockets_are_encrypted() {
    live(async {
        let door = door(|_| ()).await;
        let mut wire = connect(&door).await;
        wire.upgrade(WEBSOCKET).await.expect("an upgrade");
        wire.say("40").await;
        wire.read_until("40{").await.expect("a socket");
        wire.is_heard().await;
        let long = "x".repeat(200_000);
        wire.say(&format!("429[\"echo\",\"{long}\"]")).await;
        let answer = wire.read_until("439").await.expect("an answer");
        assert_eq!(answer.len(), 3 + 2 + 2 + long.len());
        let socket = door.server.io().main().sockets().pop().expect("a socket");
        assert!(socket.handshake().opening.is_secure);
    });
}

#[test]
fn polling_is_encrypted() {
    live(async {
        let door = door(|_| ()).await;
        let mut wire = connect(&door).await;
        let opened = wire.ask("GET", POLLING, "", "").await;
        let target = format!("{POLLING}&sid={}", quoted(&opened.text(), 1));
        wire.ask("POST", &target, "", "40\u{1e}421[\"echo\",1]").await;
        assert!(wire.ask("GET", &target, "", "").await.text().ends_with("\u{1e}431[1]"));
    });
}

#[test]
fn who_does_not_encrypt_is_cut() {
    live(async {
        let door = door(|_| ()).await;
        let mut wire = door.connect().await;
        wire.write(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a connection");
        wire.hung_up().await;
        door.until(Count::SlowHandshake, 1).await;
        let mut wire = connect(&door).await;
        assert_eq!(wire.ask("GET", "/health", "", "").await.status, 200);
    });
}

#[test]
fn a_handshake_that_never_ends_is_cut() {
    live(async {
        let door = door(|config| config.doors.handshake_timeout = SOON).await;
        // The beginning of a greeting that announces 512 bytes.
        for (times, begun) in (1..).zip([&b""[..], b"\x16\x03\x01\x02\x00\x01"]) {
            let mut wire = door.connect().await;
            wire.write(begun).await.expect("a connection");
            wire.hung_up().await;
            door.until(Count::SlowHandshake, times).await;
        }
        // Nor is the first request waited for once the greeting is over.
        connect(&door).await.hung_up().await;
        door.until(Count::SlowHandshake, 3).await;
    });
}
