//! Random operations of random clients and servers: each client hears what the model says, in its
//! order, and nothing else. A failure prints its seed.

use super::model::{Keeping, Member, Seen, Space, Whom};
use super::questions::{Answer, Question};
use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tickwire::event::Event;
use tickwire::hub::{Ack, HubOptions, RecoveryOptions, To};
use tickwire::prelude::Random;

const SEEDS: u64 = 100;
const STEPS: u32 = 300;
const CLIENTS: usize = 6;
const SPACES: [&str; 2] = ["/", "/b"];
const ROOMS: [&str; 4] = ["r0", "r1", "r2", "r3"];
const USERS: [&str; 3] = ["u0", "u1", "u2"];
const KEEPING: Keeping = Keeping { keeps: Duration::from_secs(60), events: 25 };

struct Simulation {
    hall: Hall,
    random: Random,
    keeps: bool,
    spaces: [Space; 2],
    seen: Vec<Seen>,
    clients: Vec<Option<Client>>,
    blocked: BTreeSet<usize>,
    /// By client and namespace: the secret and the last offset.
    ways: BTreeMap<(usize, usize), (String, String)>,
    expected: Vec<Vec<String>>,
    questions: Vec<Question>,
    count: u32,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let keeps = seed % 2 == 1;
        let recovery = RecoveryOptions {
            keeps: KEEPING.keeps,
            events: KEEPING.events,
            ..RecoveryOptions::default()
        };
        let recovery = Some(recovery).filter(|_| keeps);
        let hall = Hall::with(HubOptions { recovery, ..options() });
        let seen: Vec<Seen> = SPACES.iter().map(|_| Seen::default()).collect();
        for (name, seen) in SPACES.iter().zip(&seen) {
            let namespace = hall.io.of(name);
            namespace.on("echo", |socket: &Socket, number: u32, ack: Ack| {
                ack.send(number);
                socket.to("r0").emit("echoed", number);
            });
            let seen = seen.clone();
            namespace.on_room_change(move |change| seen.see(change));
        }
        Self {
            hall,
            random: Random::from_seed(seed),
            keeps,
            spaces: Default::default(),
            seen,
            clients: (0..CLIENTS).map(|_| None).collect(),
            blocked: BTreeSet::new(),
            ways: BTreeMap::new(),
            expected: vec![Vec::new(); CLIENTS],
            questions: Vec::new(),
            count: 0,
        }
    }

    fn tell(&mut self, client: usize, space: usize, words: &str) {
        let told = match SPACES[space] {
            "/" => words.to_owned(),
            name => format!("{name} {words}"),
        };
        self.expected[client].push(told);
    }

    // Clients come and go.

    fn enter(&mut self, client: usize, space: usize) {
        self.note_ways(client);
        let connection = self.clients[client].get_or_insert_with(|| {
            self.blocked.remove(&client);
            self.hall.client()
        });
        let way = self.ways.get(&(client, space)).cloned();
        connection.connect_as(SPACES[space], &(), way.clone()).expect("it may ask");
        let (id, secret) = connection.told_at_connect(SPACES[space]);
        let (now, keeps) = (self.hall.now(), self.keeps);
        let restored = way
            .filter(|_| keeps)
            .and_then(|(secret, _)| self.spaces[space].restore(client, &secret, &KEEPING, now));
        let missed = match restored {
            Some((member, missed)) => {
                assert_eq!((&member.id, &member.secret), (&id, &secret));
                self.spaces[space].members.insert(client, member);
                self.tell(client, space, "connect again");
                missed
            }
            None => {
                self.spaces[space].members.insert(client, Member::new(id, secret));
                self.tell(client, space, "connect");
                Vec::new()
            }
        };
        missed.iter().for_each(|words| self.tell(client, space, words));
    }

    /// A socket is gone; it may come back if its connection was lost.
    fn gone(&mut self, client: usize, space: usize, is_lost: bool) {
        let Some(member) = self.spaces[space].members.remove(&client) else { return };
        if is_lost {
            self.spaces[space].lose(member, self.hall.now());
        }
        for question in self.questions.iter_mut().filter(|question| question.space == space) {
            question.missing += usize::from(question.open.remove(&client));
        }
    }

    fn lose(&mut self, client: usize) {
        self.note_ways(client);
        let Some(mut connection) = self.clients[client].take() else { return };
        connection.lose("transport close");
        (0..SPACES.len()).for_each(|space| self.gone(client, space, true));
    }

    fn note_ways(&mut self, client: usize) {
        let Some(connection) = &self.clients[client] else { return };
        for (space, name) in SPACES.iter().enumerate() {
            let before = self.ways.remove(&(client, space));
            let offset = connection.last_offset(name).or(before.map(|(_, offset)| offset));
            let secret = connection.last_secret(name);
            self.ways.extend(secret.zip(offset).map(|way| ((client, space), way)));
        }
    }

    /// The server ends a socket.
    fn throw_out(&mut self, client: usize, space: usize) {
        self.tell(client, space, "disconnect");
        self.gone(client, space, false);
    }

    // What is said.

    /// A sentence of a namespace or of one of its sockets, at random.
    fn sentence<'a>(&mut self, mut to: To<'a>, mut whom: Whom) -> (To<'a>, Whom) {
        let ids: Vec<String> = self
            .spaces
            .iter()
            .flat_map(|space| space.members.values())
            .map(|m| m.id.clone())
            .collect();
        for _ in 0..self.random.below(4) {
            let room = match self.random.pick(&ids) {
                Some(id) if self.random.one_in(5) => id.clone(),
                _ => (*self.random.pick(&ROOMS).expect("some")).to_owned(),
            };
            match self.random.below(4) {
                0 | 1 => {
                    to = to.to(room.as_str());
                    (whom.is_narrow, whom.rooms) = (true, [whom.rooms, vec![room]].concat());
                }
                2 => {
                    to = to.except(&room);
                    whom.except.push(room);
                }
                _ => {
                    let user = *self.random.pick(&USERS).expect("some");
                    to = to.to_users([user]);
                    whom.is_narrow = true;
                    whom.users.push(user.into());
                }
            }
        }
        (to, whom)
    }

    fn emitted(&mut self, space: usize, whom: &Whom, words: &str, is_volatile: bool) {
        let mut reached = self.spaces[space].reached(whom);
        if is_volatile {
            reached.retain(|client| !self.blocked.contains(client));
        } else if self.keeps && !whom.is_nobody() {
            self.spaces[space].keep(whom, words, &reached, self.hall.now());
        }
        reached.into_iter().for_each(|client| self.tell(client, space, words));
    }

    fn broadcast(&mut self, space: usize, from: Option<usize>) {
        let namespace = self.hall.io.of(SPACES[space]);
        let socket = from.map(|client| self.socket(client, space));
        let mut whom = Whom::default();
        let to = match &socket {
            Some(socket) => {
                whom.except.push(socket.id().to_string());
                socket.broadcast()
            }
            None => namespace.except([""; 0]),
        };
        let (to, whom) = self.sentence(to, whom);
        let number = self.count;
        match self.random.below(12) {
            0..6 => {
                to.emit("x", number);
                self.emitted(space, &whom, &format!("x [{number}]"), false);
            }
            6 | 7 => {
                to.volatile().emit("v", number);
                self.emitted(space, &whom, &format!("v [{number}]"), true);
            }
            8 => {
                let room = *self.random.pick(&ROOMS).expect("some");
                let is_join = self.random.one_in(2);
                if is_join {
                    to.sockets_join(room)
                } else {
                    to.sockets_leave(room)
                }
                for client in self.spaces[space].reached(&whom) {
                    let rooms = &mut self.spaces[space].members.get_mut(&client).expect("in").rooms;
                    if is_join {
                        rooms.insert(room.into())
                    } else {
                        rooms.remove(room)
                    };
                }
            }
            9 if self.random.one_in(4) => {
                to.disconnect_sockets();
                let reached = self.spaces[space].reached(&whom);
                reached.into_iter().for_each(|client| self.throw_out(client, space));
            }
            _ => {
                let after = seconds(u64::from(1 + self.random.below(30)));
                let answer = Answer::Many(to.timeout(after).emit_with_ack("q", number));
                // Where nobody is meant no number is taken.
                if !whom.is_nobody() {
                    self.asked(space, &whom, after, answer);
                }
            }
        }
    }

    fn asked(&mut self, space: usize, whom: &Whom, after: Duration, answer: Answer) {
        let number = self.spaces[space].questions;
        self.spaces[space].questions += 1;
        let open: BTreeSet<usize> = self.spaces[space].reached(whom).into_iter().collect();
        let words = format!("q [{}] #{number}", self.count);
        open.iter().for_each(|client| self.tell(*client, space, &words));
        let until = self.hall.now() + after;
        let (replies, missing, is_late) = (Vec::new(), 0, false);
        let question = Question { space, number, until, open, replies, missing, is_late, answer };
        self.questions.push(question);
    }

    fn socket(&self, client: usize, space: usize) -> Socket {
        self.clients[client].as_ref().expect("it is connected").socket(SPACES[space])
    }

    /// Something that one socket or its client does.
    fn act(&mut self, client: usize, space: usize) {
        let socket = self.socket(client, space);
        let connection = self.clients[client].as_ref().expect("it is connected");
        let member = self.spaces[space].members.get_mut(&client).expect("it is in");
        let (number, name) = (self.count, SPACES[space]);
        let room = *self.random.pick(&ROOMS).expect("some");
        match self.random.below(20) {
            0..4 => {
                socket.join(room);
                member.rooms.insert(room.into());
            }
            4 | 5 => {
                socket.leave(room);
                member.rooms.remove(room);
            }
            6 | 7 => {
                let user = *self.random.pick(&USERS).expect("some");
                socket.set_user(user.into());
                member.user = Some(user.into());
            }
            8 | 9 => {
                let whom = Whom::one(&member.id);
                socket.emit("e", number);
                self.emitted(space, &whom, &format!("e [{number}]"), false);
            }
            10 => {
                let is_blocked = !self.blocked.remove(&client);
                connection.block(is_blocked);
                self.blocked.extend(Some(client).filter(|_| is_blocked));
            }
            11..14 => {
                let whom = Whom {
                    rooms: vec!["r0".into()],
                    except: vec![member.id.clone()],
                    is_narrow: true,
                    ..Whom::default()
                };
                let event = Event::new("echo", number).expect("it can be sent");
                connection.link().event(name, event, Some(77)).expect("it is in");
                self.tell(client, space, &format!("ack [{number}] #77"));
                self.emitted(space, &whom, &format!("echoed [{number}]"), false);
            }
            14 => {
                let whom = Whom::one(&member.id);
                let after = seconds(u64::from(1 + self.random.below(30)));
                let answer = Answer::One(socket.timeout(after).emit_with_ack("q", number));
                self.asked(space, &whom, after, answer);
            }
            15 => {
                connection.leave(name);
                self.gone(client, space, false);
            }
            16 => {
                socket.disconnect();
                self.throw_out(client, space);
            }
            17 if self.random.one_in(3) => {
                let spaces: Vec<usize> = (0..2)
                    .filter(|space| self.spaces[*space].members.contains_key(&client))
                    .collect();
                socket.close();
                assert!(connection.is_closed());
                spaces.into_iter().for_each(|space| self.throw_out(client, space));
                self.check();
                self.note_ways(client);
                self.clients[client] = None;
            }
            _ => self.broadcast(space, Some(client)),
        }
    }

    /// A client answers one of the questions that it was asked.
    fn answer(&mut self) {
        let Some(at) = (0..self.questions.len()).find(|_| self.random.one_in(2)) else { return };
        let question = &mut self.questions[at];
        let open: Vec<usize> = question.open.iter().copied().collect();
        let Some(client) = self.random.pick(&open).copied() else { return };
        let args = tickwire::event::ToArgs::to_args(&client).expect("it can be sent");
        let connection = self.clients[client].as_ref().expect("it is connected");
        let name = SPACES[question.space];
        connection.link().ack(name, question.number, args.clone()).expect("it is in");
        question.replies.push(args.json().into());
        question.open.remove(&client);
    }

    fn pass(&mut self) {
        let time = seconds(u64::from(self.random.below(25)));
        self.hall.pass(time);
        let now = self.hall.now();
        for question in self.questions.iter_mut().filter(|question| question.until <= now) {
            question.is_late |= !question.open.is_empty();
            question.missing += std::mem::take(&mut question.open).len();
        }
    }

    fn step(&mut self) {
        self.count += 1;
        let client = self.random.below(CLIENTS as u32) as usize;
        let space = self.random.below(2) as usize;
        match self.random.below(20) {
            0 => self.pass(),
            1 => self.lose(client),
            2..5 => self.answer(),
            5..7 => self.broadcast(space, None),
            _ if self.spaces[space].members.contains_key(&client) => self.act(client, space),
            _ => self.enter(client, space),
        }
        self.check();
    }

    fn check(&mut self) {
        for (client, expected) in self.clients.iter().zip(&mut self.expected) {
            let expected = std::mem::take(expected);
            if let Some(client) = client {
                assert_eq!(client.heard(), expected);
            }
        }
        self.questions.retain_mut(|question| {
            let is_over = question.open.is_empty();
            assert_eq!(question.is_answered(), is_over, "question {}", question.number);
            !is_over
        });
        for ((space, name), seen) in self.spaces.iter().zip(SPACES).zip(&self.seen) {
            let rooms = space.rooms();
            assert_eq!(seen.rooms(), rooms, "as those were told who listen");
            let names = self.hall.io.of(name).rooms();
            assert!(names.iter().map(|name| &**name).eq(rooms.keys().map(String::as_str)));
        }
    }
}

#[test]
fn each_client_hears_what_the_model_says_and_nothing_else() {
    crate::simulation::for_seeds(SEEDS, |seed| {
        let mut simulation = Simulation::new(seed);
        (0..STEPS).for_each(|_| simulation.step());
    });
}
