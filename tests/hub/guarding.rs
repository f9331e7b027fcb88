//! Middleware: of a namespace, who comes in; of a socket, which events are heard.

use super::*;
use tickwire::hub::Refused;

#[test]
fn a_namespace_lets_in_whom_all_its_middleware_lets_pass() {
    let hall = Hall::new();
    let log = Log::default();
    let notes = log.clone();
    hall.io.main().middleware(move |socket| {
        notes.note(format!("first {}", socket.is_connected()));
        socket.set_data("set by middleware");
        Ok(())
    });
    let notes = log.clone();
    hall.io.main().middleware(move |socket| {
        notes.note("second");
        let token = socket.handshake().auth.get("token");
        match token.and_then(|token| token.as_str()) {
            Some("right") => Ok(()),
            Some(_) => Err(Refused::new("wrong token").with(&("tried", 1))),
            None => Err(Refused::new("no token")),
        }
    });
    let notes = log.clone();
    hall.io.main().middleware(move |_| {
        notes.note("third");
        Ok(())
    });
    let notes = log.clone();
    hall.io.on_connection(move |socket| {
        notes.note(format!("in, {}", socket.data::<&str>().expect("it was set")));
    });
    let client = hall.client();
    client.connect("/");
    client.connect_as("/", &serde_json::json!({"token": "x"}), None).unwrap();
    assert_eq!(client.heard(), ["refused: no token", "refused: wrong token [\"tried\",1]"]);
    assert_eq!(log.take(), ["first false", "second", "first false", "second"]);
    assert_eq!(hall.io.main().sockets(), []);
    client.connect_as("/", &serde_json::json!({"token": "right"}), None).unwrap();
    assert_eq!(client.heard(), ["connect"]);
    assert_eq!(log.take(), ["first false", "second", "third", "in, set by middleware"]);
}

#[test]
fn middleware_may_take_its_time() {
    let hall = Hall::new();
    let gates = [Gate::default(), Gate::default()];
    let log = Log::default();
    for (index, gate) in gates.iter().enumerate() {
        let (gate, notes) = (gate.clone(), log.clone());
        hall.io.main().middleware_async(move |socket: Socket| {
            let (gate, notes) = (gate.clone(), notes.clone());
            notes.note(format!("begins {index}"));
            async move {
                gate.pass().await;
                let is_bad = socket.handshake().auth.get("bad").is_some();
                if is_bad { Err(Refused::new("bad").with(&index)) } else { Ok(()) }
            }
        });
    }
    let notes = log.clone();
    hall.io.main().middleware(move |_| {
        notes.note("at once");
        Ok(())
    });
    let (good, bad) = (hall.client(), hall.client());
    good.connect("/");
    bad.connect_as("/", &serde_json::json!({"bad": 1}), None).unwrap();
    hall.run();
    assert_eq!(log.take(), ["begins 0", "begins 0"]);
    gates[0].open();
    hall.run();
    assert_eq!(log.take(), ["begins 1"]);
    assert_eq!((bad.heard(), good.heard()), (vec!["refused: bad 0".into()], vec![]));
    gates[1].open();
    hall.run();
    assert_eq!(log.take(), ["at once"]);
    assert_eq!(good.heard(), ["connect"]);
}

#[test]
fn who_goes_away_while_middleware_takes_its_time_does_not_come_in() {
    let hall = Hall::new();
    let gate = Gate::default();
    let waiting = gate.clone();
    hall.io.main().middleware_async(move |socket: Socket| {
        let gate = waiting.clone();
        socket.join("early");
        socket.emit("early", ());
        async move {
            gate.pass().await;
            Ok(())
        }
    });
    let log = Log::default();
    let notes = log.clone();
    hall.io.on_connection(move |_| notes.note("in"));
    let (mut lost, dropped, stays) = (hall.client(), hall.client(), hall.client());
    for client in [&lost, &dropped, &stays] {
        client.connect("/");
    }
    hall.run();
    lost.lose("transport close");
    drop(dropped);
    gate.open();
    hall.run();
    assert_eq!(log.take(), ["in"]);
    assert_eq!(hall.io.main().sockets(), [stays.socket("/")]);
    assert_eq!(stays.socket("/").rooms().len(), 1, "who is not in joins nothing");
    assert_eq!((lost.heard(), hall.tasks()), (vec!["early []".into()], 0));
}

#[test]
fn middleware_that_is_given_later_asks_those_who_come_later() {
    let hall = Hall::new();
    let (_early, early) = hall.guest();
    hall.io.main().middleware(|_| Err(Refused::new("closed")));
    let late = hall.client();
    late.connect("/");
    assert_eq!(late.heard(), ["refused: closed"]);
    assert!(early.is_connected());
    hall.io.of("/other");
    late.enter("/other");
}

#[test]
fn an_event_is_heard_if_all_middleware_of_its_socket_lets_it_pass() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    let notes = log.clone();
    socket.middleware(move |_, event| {
        notes.note(format!("1 {} {:?}", event.name, event.args));
        if &*event.name == "bad" { Err(Refused::new("bad").with(&7)) } else { Ok(()) }
    });
    let notes = log.clone();
    socket.middleware(move |socket, event| {
        notes.note("2");
        assert_eq!(socket.namespace().name(), "/");
        let number: u8 = event.args.to().unwrap_or(0);
        if number > 9 { Err(Refused::new("too much")) } else { Ok(()) }
    });
    let notes = log.clone();
    socket.on_error(move |_, event, refused| {
        notes.note(format!("{} was refused: {refused} {:?}", event.name, refused.data));
    });
    for name in ["good", "bad"] {
        let notes = log.clone();
        socket.on(name, move |_, number: u8, _| notes.note(format!("heard {number}")));
    }
    client.say("good", 1);
    assert_eq!(log.take(), ["1 good [1]", "2", "heard 1"]);
    client.say("bad", 1);
    assert_eq!(log.take(), ["1 bad [1]", "bad was refused: bad Some(\"7\")"]);
    client.say("good", 10);
    assert_eq!(log.take(), ["1 good [10]", "2", "good was refused: too much None"]);
    assert_eq!(client.heard(), [""; 0]);
}

#[test]
fn middleware_of_a_socket_may_take_its_time_and_events_stay_in_order() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let (other, other_socket) = hall.guest();
    let log = Log::default();
    let gates: Vec<Gate> = (0..2).map(|_| Gate::default()).collect();
    let (waiting, notes) = (gates.clone(), log.clone());
    socket.middleware_async(move |_, event| {
        let number: usize = event.args.to().expect("a number");
        let gate = waiting[number].clone();
        let notes = notes.clone();
        async move {
            gate.pass().await;
            notes.note(format!("asked {number}"));
            if number == 1 { Err(Refused::new("no")) } else { Ok(()) }
        }
    });
    for socket in [&socket, &other_socket] {
        let notes = log.clone();
        socket.on("a", move |_, number: usize, _| notes.note(format!("heard {number}")));
    }
    let notes = log.clone();
    socket.on_error(move |_, _, refused| notes.note(refused));
    client.say("a", 0);
    client.say("a", 1);
    gates[1].open();
    hall.run();
    other.say("a", 2);
    assert_eq!(log.take(), ["heard 2"]);
    gates[0].open();
    hall.run();
    assert_eq!(log.take(), ["asked 0", "heard 0", "asked 1", "no"]);
}

#[test]
fn an_event_whose_socket_goes_while_middleware_takes_its_time_is_not_heard() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let (gate, log) = (Gate::default(), Log::default());
    let waiting = gate.clone();
    socket.middleware_async(move |_, _| {
        let gate = waiting.clone();
        async move {
            gate.pass().await;
            Ok(())
        }
    });
    let notes = log.clone();
    hall.io.main().on("a", move |_, (): (), _| notes.note("heard"));
    client.say("a", ());
    client.say("a", ());
    hall.run();
    client.leave("/");
    gate.open();
    hall.run();
    assert_eq!((log.take(), hall.tasks()), (vec![], 0));
}
