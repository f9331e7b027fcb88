//! Files over the same port.

use super::client::{Door, live};
use tickwire::doors::{Files, Server};
use tickwire::host::Config;

async fn door() -> Door {
    let mut files = Files::default();
    files.insert(
        "noise.bin",
        (0u32..2000).flat_map(|at| at.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect::<Vec<_>>(),
    );
    files.insert("index.html", "<!doctype html><p>hello");
    files.insert("sdk/tickwire.js", "export {};\n".repeat(200));
    files.insert("short.js", "export {};");
    files.insert("picture.png", vec![0; 5000]);
    Door::serve(Server::new(Config::default()).files(files)).await
}

#[test]
fn files_have_their_types_and_pages_may_do_nothing_else() {
    live(async {
        let door = door().await;
        let mut wire = door.connect().await;
        let cases = [
            ("/", "text/html; charset=utf-8", 23),
            ("/index.html?x=1", "text/html; charset=utf-8", 23),
            ("/sdk/tickwire.js", "text/javascript; charset=utf-8", 2200),
            ("/picture.png", "image/png", 5000),
        ];
        for (target, kind, length) in cases {
            let answer = wire.ask("GET", target, "", "").await;
            assert_eq!((answer.status, answer.body.len()), (200, length), "{target}");
            assert_eq!(answer.header("content-type"), Some(kind));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            let policy = answer.header("content-security-policy").expect("a policy");
            assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe-inline"));
            assert!(policy.contains("frame-ancestors 'none'"));
            assert!(policy.contains("form-action 'self'"));
            let asked = wire.ask("HEAD", target, "", "").await;
            assert_eq!((asked.status, asked.header("etag")), (200, answer.header("etag")));
            assert_eq!(asked.header("content-length"), Some(length.to_string().as_str()));
        }
    });
}

#[test]
fn a_file_that_is_known_is_not_sent_again() {
    live(async {
        let mut wire = door().await.connect().await;
        let tag = wire.ask("GET", "/", "", "").await.header("etag").expect("a tag").to_owned();
        let headers = format!("if-none-match: \"other\", W/{tag}\r\n");
        let answer = wire.ask("GET", "/", &headers, "").await;
        assert_eq!((answer.status, answer.body.len()), (304, 0));
        assert_eq!(wire.ask("GET", "/short.js", &headers, "").await.status, 200);
    });
}

#[test]
fn no_path_leads_out_of_the_files() {
    live(async {
        let door = door().await;
        let paths = [
            "/nothing",
            "/../Cargo.toml",
            "/sdk/../../Cargo.toml",
            "/%2e%2e/%2e%2e/etc/passwd",
            "/%2e%2e%2fetc%2fpasswd",
            "/..%5c..%5cCargo.toml",
            "//etc/passwd",
            "/index.html%00.js",
            "/sdk",
            "/sdk/",
            "/.git/config",
            "/socket.ioo/",
            "/%ff%fe",
        ];
        let mut wire = door.connect().await;
        for path in paths {
            assert_eq!(wire.ask("GET", path, "", "").await.status, 404, "{path}");
        }
        for method in ["POST", "PUT", "DELETE", "TRACE", "OPTIONS"] {
            let answer = wire.ask(method, "/index.html", "", "").await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")));
        }
    });
}

#[test]
fn health_is_told() {
    live(async {
        let mut wire = door().await.connect().await;
        let answer = wire.ask("GET", "/health", "", "").await;
        assert_eq!((answer.status, answer.text()), (200, "ok".into()));
    });
}

#[test]
fn only_long_texts_are_compressed_and_only_for_those_who_ask() {
    live(async {
        let door = door().await;
        let cases = [
            ("/sdk/tickwire.js", "accept-encoding: gzip\r\n", Some("gzip")),
            ("/sdk/tickwire.js", "", None),
            ("/sdk/tickwire.js", "accept-encoding: br\r\n", None),
            ("/sdk/tickwire.js", "accept-encoding: gzip;q=0\r\n", None),
            ("/sdk/tickwire.js", "accept-encoding: br, gzip;q=0.5\r\n", Some("gzip")),
            ("/short.js", "accept-encoding: gzip\r\n", None),
            ("/picture.png", "accept-encoding: gzip\r\n", None),
        ];
        for (target, headers, encoding) in cases {
            let answer = door.connect().await.ask("GET", target, headers, "").await;
            assert_eq!(answer.header("content-encoding"), encoding, "{target} {headers}");
        }
        let (mut wire, target) = door.polling().await;
        let text = "x".repeat(2000);
        for (count, encoding) in [(1, Some("gzip")), (0, None)] {
            let body = format!("40\u{1e}42[\"burst\",{count},\"{text}\"]");
            let (mut wire, target) = door.polling().await;
            wire.ask("POST", &target, "", &body).await;
            let answer = wire.ask("GET", &target, "accept-encoding: gzip\r\n", "").await;
            assert_eq!(answer.header("content-encoding"), encoding);
        }
        // A body that is compressed is not unpacked: it is no text.
        let answer = wire.ask("POST", &target, "content-encoding: gzip\r\n", "40").await;
        assert_eq!(answer.status, 200);
    });
}
