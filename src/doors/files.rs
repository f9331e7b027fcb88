//! Files that are handed in and held in memory: what is not among them does not exist, so no path
//! leads anywhere else.

use super::http::{Answer, plain, status};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::{fs, io};

/// Folders are nested at most this deep.
const DEPTH: usize = 16;
/// Shorter files are sent as they are.
const PACKED_FROM: usize = 1024;

/// Types by the end of a name.
const TYPES: &[(&str, &str)] = &[
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("txt", "text/plain; charset=utf-8"),
    ("md", "text/plain; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("webp", "image/webp"),
    ("ico", "image/x-icon"),
    ("wasm", "application/wasm"),
    ("woff2", "font/woff2"),
    ("ogg", "audio/ogg"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
];

/// What pages of this server may do: nothing that does not come from it.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; script-src 'self' \
    'wasm-unsafe-eval'; img-src 'self' data:; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

/// One file.
#[derive(Clone, Debug)]
pub struct File {
    bytes: Bytes,
    kind: &'static str,
    tag: HeaderValue,
    /// The same in fewer bytes, and its tag, if there is anything to gain.
    packed: Option<(Bytes, HeaderValue)>,
}

/// All files, by path.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: BTreeMap<String, File>,
}

impl Files {
    /// Adds a file; its path has no leading `/`. `index.html` answers for its folder.
    pub fn insert(&mut self, path: &str, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        let kind = TYPES.iter().find(|(known, _)| *known == ending);
        let kind = kind.map_or("application/octet-stream", |(_, kind)| kind);
        let is_worth_it =
            bytes.len() >= PACKED_FROM && !kind.contains("image/") && kind != "font/woff2";
        let packed = is_worth_it.then(|| pack(&bytes)).flatten();
        let packed = packed.map(|packed| (packed, tag(&bytes, "-gz")));
        self.files.insert(path.into(), File { tag: tag(&bytes, ""), bytes, kind, packed });
    }

    /// All files of a folder and the folders in it; hidden ones and links are left out.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut files = Self::default();
        files.read_into(folder, "", DEPTH)?;
        Ok(files)
    }

    fn read_into(&mut self, folder: &Path, prefix: &str, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') {
                continue;
            }
            if kind.is_dir() && depth > 0 {
                self.read_into(&entry.path(), &format!("{prefix}{name}/"), depth - 1)?;
            } else if kind.is_file() {
                self.insert(&format!("{prefix}{name}"), fs::read(entry.path())?);
            }
        }
        Ok(())
    }

    fn find(&self, path: &str) -> Option<&File> {
        let path = percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?;
        if path.is_empty() || path.ends_with('/') {
            return self.files.get(&format!("{path}index.html"));
        }
        self.files.get(&*path)
    }

    pub(super) fn answer(&self, method: &Method, path: &str, asked: &HeaderMap) -> Answer {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD");
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        let Some(file) = self.find(path) else {
            return plain(StatusCode::NOT_FOUND, "there is nothing here");
        };
        let packed = file.packed.as_ref().filter(|_| takes_packed(asked));
        let (bytes, own) = packed.map_or((&file.bytes, &file.tag), |(bytes, tag)| (bytes, tag));
        let is_known = asked.get_all(header::IF_NONE_MATCH).iter().any(|tags| {
            let tags = tags.to_str().unwrap_or_default().split(',');
            let own = own.to_str().unwrap_or_default();
            tags.map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == own)
        });
        let mut answer =
            if is_known { status(StatusCode::NOT_MODIFIED) } else { Answer::default() };
        if !is_known && *method == Method::GET {
            *answer.body_mut() = Full::from(bytes.clone());
        }
        let headers = answer.headers_mut();
        headers.insert(header::ETAG, own.clone());
        if file.packed.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if packed.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
        if *method == Method::HEAD {
            headers.insert(header::CONTENT_LENGTH, bytes.len().into());
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        answer
    }
}

fn tag(bytes: &[u8], ending: &str) -> HeaderValue {
    let tag = format!("\"{:08x}-{:x}{ending}\"", crc32fast::hash(bytes), bytes.len());
    HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Once for all who ask; nothing if it would hardly be shorter.
fn pack(bytes: &[u8]) -> Option<Bytes> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).ok()?;
    let packed = packer.finish().ok()?;
    (packed.len() < bytes.len() / 10 * 9).then(|| packed.into())
}

fn takes_packed(asked: &HeaderMap) -> bool {
    let lines = asked.get_all(header::ACCEPT_ENCODING);
    let words = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    words.into_iter().any(|word| {
        let (name, weight) = word.split_once(';').unwrap_or((word, ""));
        let is_refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0));
        matches!(name.trim(), "gzip" | "*") && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        let mut files = Files::default();
        files.insert("index.html", "<p>hello");
        files.insert("sdk/a.js", "export {}");
        files
    }

    #[test]
    fn only_what_was_handed_in_is_found() {
        let files = files();
        let found = |path| files.answer(&Method::GET, path, &HeaderMap::new()).status();
        for path in ["/", "/index.html", "/sdk/a.js", "/sdk%2Fa.js"] {
            assert_eq!(found(path), StatusCode::OK, "{path}");
        }
        let outside = [
            "",
            "/sdk",
            "/sdk/",
            "//index.html",
            "/../index.html",
            "/sdk/../index.html",
            "/%2e%2e/etc/passwd",
            "/..%5cindex.html",
            "/index.html%00",
            "/index.html/",
            "/%ff",
        ];
        for path in outside {
            assert_eq!(found(path), StatusCode::NOT_FOUND, "{path}");
        }
        let post = files.answer(&Method::POST, "/", &HeaderMap::new());
        assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let files = files();
        let first = files.answer(&Method::GET, "/sdk/a.js", &HeaderMap::new());
        assert_eq!(first.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        let mut asked = HeaderMap::new();
        asked.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        let again = files.answer(&Method::GET, "/sdk/a.js", &asked);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = files.answer(&Method::GET, "/", &asked);
        assert_eq!(other.status(), StatusCode::OK);
    }
}
