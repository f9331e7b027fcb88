//! Pages of other origins, which browsers let connect anywhere.

use super::client::{Door, POLLING, WEBSOCKET, live};
use super::wire::UPGRADE;
use tickwire::host::{Count, Origins};

const EVIL: &str = "origin: https://evil.example\r\n";
const FRIEND: &str = "origin: https://friend.example\r\n";
const OWN: &str = "origin: https://game.example\r\n";
const ALLOW: &str = "access-control-allow-origin";
const CREDENTIALS: &str = "access-control-allow-credentials";

#[test]
fn a_page_of_another_origin_does_not_connect() {
    live(async {
        let door = Door::open(|_| ()).await;
        let attempts =
            [("GET", POLLING, ""), ("GET", WEBSOCKET, UPGRADE), ("OPTIONS", POLLING, "")];
        for (times, (method, target, headers)) in (1..).zip(attempts) {
            let headers = format!("{headers}{EVIL}");
            let answer = door.connect().await.ask(method, target, &headers, "").await;
            let expected = r#"{"code":4,"message":"Forbidden"}"#;
            assert_eq!((answer.status, answer.text()), (403, expected.into()));
            assert_eq!(answer.header(ALLOW), None);
            door.until(Count::BadOrigin, times).await;
        }
        assert_eq!(door.server.host().sessions(), 0);
        for own in ["", OWN] {
            assert_eq!(door.connect().await.ask("GET", POLLING, own, "").await.status, 200);
            let own = format!("{UPGRADE}{own}");
            assert_eq!(door.connect().await.ask("GET", WEBSOCKET, &own, "").await.status, 101);
        }
    });
}

#[test]
fn a_page_of_another_origin_does_not_speak_in_a_session_that_is_there() {
    live(async {
        let door = Door::open(|_| ()).await;
        let (mut wire, target) = door.polling().await;
        assert_eq!(wire.ask("POST", &target, EVIL, "40").await.status, 403);
        assert_eq!(wire.ask("GET", &target, EVIL, "").await.status, 403);
        assert_eq!(door.count(Count::Messages), 0);
        assert_eq!(wire.ask("POST", &target, "", "40").await.status, 200);
    });
}

#[test]
fn pages_of_listed_origins_connect_and_may_read_the_answers() {
    live(async {
        let listed = Origins::These(vec!["https://friend.example".into()]);
        let door = Door::open(|config| config.origins = listed).await;
        let mut wire = door.connect().await;
        let answer = wire.ask("GET", POLLING, FRIEND, "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header(ALLOW), Some("https://friend.example"));
        assert_eq!(answer.header(CREDENTIALS), Some("true"));
        assert_eq!(answer.header("vary"), Some("Origin"));
        assert_eq!(wire.ask("GET", POLLING, EVIL, "").await.status, 403);
        let headers = format!("{UPGRADE}{FRIEND}");
        assert_eq!(door.connect().await.ask("GET", WEBSOCKET, &headers, "").await.status, 101);
        let asks = format!(
            "{FRIEND}access-control-request-method: POST\r\n\
            access-control-request-headers: content-type\r\n"
        );
        let answer = wire.ask("OPTIONS", POLLING, &asks, "").await;
        assert_eq!((answer.status, answer.text()), (204, String::new()));
        assert_eq!(answer.header(ALLOW), Some("https://friend.example"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("content-type"));
        assert!(answer.header("access-control-allow-methods").unwrap().contains("POST"));
    });
}

#[test]
fn where_any_page_may_connect_it_does_so_without_cookies() {
    live(async {
        let door = Door::open(|config| config.origins = Origins::Any).await;
        let answer = door.connect().await.ask("GET", POLLING, EVIL, "").await;
        assert_eq!((answer.status, answer.header(ALLOW)), (200, Some("*")));
        assert_eq!(answer.header(CREDENTIALS), None);
    });
}
