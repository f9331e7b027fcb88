//! Pages of which origins may connect, over polling and WebSockets alike.

use crate::host::Origins;
use hyper::HeaderMap;
use hyper::header::{self, HeaderValue};

/// Who asks, as far as a browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// The server's own page, or no browser.
    Own,
    /// A page of an origin that may connect.
    Friend,
    /// A page of one that may not.
    Stranger,
}

pub(super) fn asker(origins: &Origins, headers: &HeaderMap) -> Asker {
    let Some(origin) = headers.get(header::ORIGIN) else { return Asker::Own };
    let Ok(origin) = origin.to_str() else { return Asker::Stranger };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_own = host.is_some() && origin.split_once("://").map(|(_, host)| host) == host;
    match origins {
        _ if is_own => Asker::Own,
        Origins::Any => Asker::Friend,
        Origins::These(list) if list.iter().any(|friend| friend == origin) => Asker::Friend,
        _ => Asker::Stranger,
    }
}

/// Tells a browser that its page may read the answer.
pub(super) fn permit(origins: &Origins, asked: &HeaderMap, answer: &mut HeaderMap) {
    match origins {
        Origins::Own => {}
        Origins::Any => {
            let any = HeaderValue::from_static("*");
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
        }
        Origins::These(_) => {
            answer.insert(header::VARY, HeaderValue::from_static("Origin"));
            let origin = asked.get(header::ORIGIN);
            let friend = origin.filter(|_| asker(origins, asked) == Asker::Friend);
            if let Some(origin) = friend {
                answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                let allowed = HeaderValue::from_static("true");
                answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, allowed);
            }
        }
    }
}

/// What a browser is told that asks before it sends.
pub(super) fn preflight(asked: &HeaderMap, answer: &mut HeaderMap) {
    let methods = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Some(headers) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, headers.clone());
    }
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_pages_of_other_origins_that_are_not_listed() {
        let these = Origins::These(vec!["https://friend.example".into()]);
        let cases = [
            (&Origins::Own, None, Asker::Own),
            (&Origins::Own, Some("http://game.example:80"), Asker::Own),
            (&Origins::Own, Some("https://evil.example"), Asker::Stranger),
            (&Origins::Own, Some("https://game.example:80.evil.example"), Asker::Stranger),
            (&Origins::Own, Some("null"), Asker::Stranger),
            (&these, Some("https://friend.example"), Asker::Friend),
            (&these, Some("https://friend.example.evil"), Asker::Stranger),
            (&these, Some("http://friend.example"), Asker::Stranger),
            (&Origins::Any, Some("https://evil.example"), Asker::Friend),
        ];
        for (origins, origin, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("game.example:80"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(asker(origins, &headers), expected, "{origin:?}");
        }
    }
}
