//! Everything is called from within everything: nothing locks up, nothing panics.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tickwire::event::Event;
use tickwire::hub::{Ack, HubOptions, Io, RecoveryOptions, Refused};
use tickwire::ids::UserId;

/// Calls everything that the hub can do, once for each of its uses: what it causes calls it again
/// from within.
#[derive(Clone)]
struct Everything {
    io: Io,
    /// How deep it is within itself.
    depth: Arc<AtomicUsize>,
    count: Arc<AtomicUsize>,
}

const DEPTH_MOST: usize = 2;

impl Everything {
    fn of(hall: &Hall) -> Self {
        Self { io: hall.io.clone(), depth: Arc::default(), count: Arc::default() }
    }

    /// Does all but end the socket, if there is one.
    fn call(&self, socket: Option<&Socket>) {
        if self.depth.fetch_add(1, Ordering::Relaxed) < DEPTH_MOST {
            let number = self.count.fetch_add(1, Ordering::Relaxed);
            self.call_hub(number);
            socket.into_iter().for_each(|socket| self.call_socket(socket, number));
            for socket in self.io.main().sockets() {
                self.call_socket(&socket, number);
            }
        }
        self.depth.fetch_sub(1, Ordering::Relaxed);
    }

    fn call_hub(&self, number: usize) {
        let io = &self.io;
        let room = format!("room {}", number % 3);
        io.emit("x", number);
        io.to(room.as_str()).except("none").emit("x", number);
        io.to_users(["ann"]).emit("x", number);
        io.main().volatile().emit("x", number);
        drop(io.main().timeout(seconds(1)).emit_with_ack("x", number));
        io.main().sockets_join(room.as_str());
        io.main().sockets_leave("room 0");
        io.main().server_side_emit("x", number);
        drop((io.main().rooms(), io.main().sockets(), io.poll_timeout(), format!("{io:?}")));
        drop(io.of("/made").sockets());
        io.main().off("never");
        if number < 20 {
            io.main().on("more", |_, (): (), _: Ack| ());
            io.on_connection(|_| ());
            io.main().middleware(|_| Ok(()));
            io.main().on_room_change(|_| ());
            drop(io.of_matching(|_, _| false));
        }
        io.handle_timeout(seconds(0));
    }

    fn call_socket(&self, socket: &Socket, number: usize) {
        socket.emit("x", number);
        socket.volatile().emit("x", number);
        socket.broadcast().emit("x", number);
        socket.to("room 1").emit("x", number);
        drop(socket.emit_with_ack("x", number));
        drop(socket.timeout(seconds(1)).emit_with_ack("x", number));
        socket.join(["room 1", "room 2"]);
        socket.leave("room 1");
        socket.set_data(number);
        socket.set_user(UserId::from("ann"));
        drop((socket.rooms(), socket.data::<usize>(), socket.user(), socket.transport()));
        let listener = socket.on("y", |_, (): (), _: Ack| ());
        socket.off_listener(listener);
        socket.off("y");
        if number < 20 {
            socket.on_error(|_, _, _| ());
            socket.on_any_outgoing(|_| ());
            socket.middleware(|_, _| Ok(()));
        }
    }

    /// The same for middleware, which lets everybody pass.
    fn pass(&self, socket: &Socket) -> Result<(), Refused> {
        self.call(Some(socket));
        Ok(())
    }

    /// The same for what is dropped: it calls everything then.
    fn last_words(&self) -> LastWords {
        LastWords(self.clone())
    }
}

struct LastWords(Everything);

impl LastWords {
    /// Does nothing but to be there.
    fn stay(&self) {}

    fn pass(&self) -> Result<(), Refused> {
        Ok(())
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        self.0.call(None);
    }
}

fn hall() -> Hall {
    let recovery = Some(RecoveryOptions { asks_middleware: true, ..RecoveryOptions::default() });
    Hall::with(HubOptions { recovery, cleans_empty_namespaces: true, ..options() })
}

/// Gives the namespace something for each of its occasions.
fn give(all: &Everything) {
    let main = all.io.main();
    let it = all.clone();
    main.on_connection(move |socket| {
        it.call(Some(socket));
        fill(&it, socket);
    });
    let it = all.clone();
    main.middleware(move |socket| it.pass(socket));
    let it = all.clone();
    main.middleware_async(move |socket: Socket| {
        it.call(Some(&socket));
        let it = it.clone();
        async move { it.pass(&socket) }
    });
    let it = all.clone();
    main.on_room_change(move |_| it.call(None));
    let it = all.clone();
    main.on_server_side("x", move |_: usize| it.call(None));
    let it = all.clone();
    main.on("a", move |socket: &Socket, (): (), ack: Ack| {
        it.call(Some(socket));
        ack.send(());
    });
    let it = all.clone();
    main.on_any(move |socket, _| it.call(Some(socket)));
    let it = all.clone();
    all.io.of_matching(move |name, _| {
        it.call(None);
        name == "/dynamic"
    });
}

/// Gives a socket something for each of its occasions.
fn fill(all: &Everything, socket: &Socket) {
    let it = all.clone();
    socket.on_async("a", move |socket: Socket, (): (), _: Ack| {
        let it = it.clone();
        async move { it.call(Some(&socket)) }
    });
    let it = all.clone();
    socket.on_detached("a", move |socket: Socket, (): (), _: Ack| {
        let it = it.clone();
        async move { it.call(Some(&socket)) }
    });
    let it = all.clone();
    socket.once("a", move |socket: &Socket, (): (), _: Ack| it.call(Some(socket)));
    let (it, me) = (all.clone(), socket.clone());
    socket.on_any_outgoing(move |_| it.call(Some(&me)));
    let it = all.clone();
    socket.on_error(move |socket, _, _| it.call(Some(socket)));
    let it = all.clone();
    socket.middleware(move |socket, event| {
        it.call(Some(socket));
        if &*event.name == "bad" { Err(Refused::new("no")) } else { Ok(()) }
    });
    let it = all.clone();
    socket.on_disconnecting(move |socket, _| it.call(Some(socket)));
    let it = all.clone();
    socket.on_disconnect(move |socket, _| it.call(Some(socket)));
    socket.set_data(all.last_words());
}

#[test]
fn whatever_is_called_from_wherever_comes_back() {
    let hall = hall();
    let all = Everything::of(&hall);
    give(&all);
    let join = |client: &Client, way: Option<(String, String)>| {
        client.connect_as("/", &(), way).unwrap();
        hall.run();
        client.socket("/")
    };
    let (mut client, other) = (hall.client(), hall.client());
    let socket = join(&client, None);
    join(&other, None);
    for name in ["a", "bad", "unknown"] {
        client.ask(1, name, ());
        hall.run();
    }
    client.say("a", "wrong arguments are fine here");
    client.answer(0, ());
    socket.join("z");
    socket.set_user(UserId::from("bob"));
    hall.pass(seconds(2));
    client.connect("/dynamic");
    client.connect("/none");
    client.leave("/dynamic");
    client.lose("transport close");
    let again = hall.client();
    join(&again, Some(client.way_back("/")));
    again.say("a", ());
    hall.run();
    again.leave("/");
    hall.io.main().disconnect_sockets();
    hall.io.close();
    hall.pass(seconds(1000));
    assert!(all.count.load(Ordering::Relaxed) > 50);
    hall.faults();
}

#[test]
fn what_is_dropped_may_call_everything_too() {
    let hall = hall();
    let all = Everything::of(&hall);
    let (mut client, socket) = hall.guest();
    let words = |socket: &Socket| {
        let last = Arc::new(all.last_words());
        let it = last.clone();
        socket.on("a", move |_, (): (), _: Ack| drop(it.clone()));
        let it = last.clone();
        socket.once("a", move |_, (): (), _: Ack| drop(it.clone()));
        let it = last.clone();
        socket.middleware(move |_, _| it.pass());
        let it = last.clone();
        socket.on_any(move |_, _| drop(it.clone()));
        let it = last.clone();
        socket.on_error(move |_, _, _| drop(it.clone()));
        let it = last.clone();
        socket.on_any_outgoing(move |_| drop(it.clone()));
        socket.on_disconnect(move |_, _| drop(last.clone()));
    };
    let count = || all.count.load(Ordering::Relaxed);
    socket.set_data(all.last_words());
    socket.set_data(all.last_words());
    assert_eq!(count(), 1, "the first of them was dropped");
    let listener = {
        let last = all.last_words();
        socket.on("b", move |_, (): (), _: Ack| last.stay())
    };
    socket.off_listener(listener);
    let last = all.last_words();
    socket.on("b", move |_, (): (), _: Ack| last.stay());
    socket.off("b");
    let last = all.last_words();
    socket.on("b", move |_, (): (), _: Ack| last.stay());
    socket.off_all();
    let last = all.last_words();
    hall.io.main().on("b", move |_, (): (), _: Ack| last.stay());
    hall.io.main().off("b");
    assert_eq!(count(), 5);
    words(&socket);
    client.say("a", ());
    client.lose("transport close");
    drop(socket);
    let before = count();
    assert!(before > 5, "what it was given was dropped with it");
    hall.pass(seconds(1000));
    assert!(count() > before, "what was kept of it, when it was forgotten");
    assert_eq!(hall.faults(), []);
}

#[test]
fn a_socket_may_end_itself_and_all_others_anywhere() {
    let ends: [fn(&Io, &Socket); 6] = [
        |_, socket| socket.disconnect(),
        |_, socket| socket.close(),
        |io, _| io.main().disconnect_sockets(),
        |io, _| io.except([""; 0]).close_sockets(),
        |io, _| io.close(),
        |io, socket| {
            io.main().sockets_leave(socket.id());
            socket.off_all();
            socket.disconnect();
        },
    ];
    for end in ends {
        for place in 0..10 {
            let hall = Hall::new();
            let io = hall.io.clone();
            let (others, _) = hall.guest();
            end_at(&hall, place, move |socket| end(&io, socket));
            let mut client = hall.client();
            client.connect("/");
            hall.run();
            if hall.io.main().sockets().len() == 2 {
                client.say("bad", ());
            }
            if hall.io.main().sockets().len() == 2 {
                client.ask(1, "a", ());
                hall.run();
            }
            client.lose("transport close");
            drop(others);
            assert_eq!(hall.io.main().sockets(), [], "{place}");
            assert_eq!((hall.tasks(), hall.io.main().rooms().len()), (0, 0));
        }
    }
}

/// Does something with each socket of `/` at one of ten places.
fn end_at(hall: &Hall, place: usize, end: impl Fn(&Socket) + Clone + Send + Sync + 'static) {
    let main = hall.io.main();
    let end = move |socket: &Socket| -> Result<(), Refused> {
        end(socket);
        Ok(())
    };
    let it = end.clone();
    match place {
        0 => return main.on_connection(move |socket| drop(it(socket))),
        1 => return main.middleware(it),
        2 => {
            return main.middleware_async(move |socket: Socket| {
                let it = it.clone();
                async move { it(&socket) }
            });
        }
        3 => drop(main.on_any(move |socket, _: &Event| drop(it(socket)))),
        4 => drop(main.on("a", move |socket: &Socket, (): (), _: Ack| drop(it(socket)))),
        _ => {}
    }
    main.on_connection(move |socket| {
        let it = end.clone();
        match place {
            5 => drop(socket.on_async("a", move |socket: Socket, (): (), _: Ack| {
                let it = it.clone();
                async move { drop(it(&socket)) }
            })),
            6 => socket.on_disconnecting(move |socket, _| drop(it(socket))),
            7 => socket.on_disconnect(move |socket, _| drop(it(socket))),
            8 => socket.middleware(move |socket, _| it(socket)),
            9 => {
                socket.on_error(move |socket, _, _| drop(it(socket)));
                socket.middleware(|_, event| match &*event.name {
                    "bad" => Err(Refused::new("no")),
                    _ => Ok(()),
                });
            }
            _ => {}
        }
    });
}
