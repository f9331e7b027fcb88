//! The server that is put under load: one that runs already, or one of its own.

use super::Options;
use super::arguments::Kind;
use crate::cli::show::{Load, Show};
use crate::load::server::Server;
use crate::load::{Desk, Target};
use crate::sim::Match;
use anyhow::Context;
use std::net::ToSocketAddrs;
use std::process::Stdio;

/// Where native clients are unless an address says otherwise.
const PATH: &str = "/play";
/// Ports of addresses that name none.
const HTTP_PORT: u16 = 80;

/// A server, and where it is asked how it is.
pub(super) struct Host {
    pub(super) target: Target,
    pub(super) desk: Option<Desk>,
    /// How often its matches tick, if that is known.
    pub(super) hertz: Option<f64>,
    /// One of its own, which ends with this.
    server: Option<Server>,
}

impl Host {
    /// The server that was asked for.
    pub(super) fn find<G: Show>(options: &Options) -> anyhow::Result<Self> {
        match &options.url {
            Some(url) => {
                let target = parse(url).with_context(|| format!("--url {url}"))?;
                let token = options.metrics_token.clone();
                let desk = options.metrics.clone().map(|url| Desk { url, token });
                Ok(Self { target, desk, hertz: None, server: None })
            }
            None => Self::start::<G>(options),
        }
    }

    /// A server of its own that ends in the middle of a run is what there is to say about it.
    pub(super) fn ensure_alive(&mut self) -> anyhow::Result<()> {
        let is_alive = self.server.as_mut().is_none_or(Server::is_alive);
        anyhow::ensure!(is_alive, "the server ended while it was loaded: what it said is above");
        Ok(())
    }

    fn start<G: Show>(options: &Options) -> anyhow::Result<Self> {
        let load =
            Load { players: options.per_match(), hertz: options.hz, interest: options.interest };
        let game = G::under_load(load)
            .with_context(|| format!("{} has no match that ticks so often", G::NAME))?;
        let hertz = f64::from(Match::new(G::game(), game.clone(), 0).hertz());
        let game = toml::Value::try_from(game).context("the game's options")?;
        // Where there is chaos some seats are for those who are not honest.
        let spare = if options.behaviour == Kind::Chaos { load.players.div_ceil(3) } else { 0 };
        let mode = toml::Value::Table(toml::Table::from_iter([
            ("name".to_owned(), G::NAME.into()),
            ("players".to_owned(), i64::from(load.players + spare).into()),
            ("options".to_owned(), game),
        ]));
        let mut settings = vec![
            format!("modes=[{mode}]"),
            // All come from this machine.
            "doors.connections_per_address=100000".to_owned(),
            "doors.misdeeds=0".to_owned(),
            "log.filter=warn".to_owned(),
        ];
        settings.extend(options.set.iter().cloned());
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let program = std::env::current_exe().context("this program cannot be found")?;
        let server = Server::start(&program, &options.server_cores, &settings, Stdio::inherit())?;
        let host = server.address.to_string();
        let target = Target { address: server.address, host, path: PATH.into() };
        let desk = Some(server.desk.clone());
        Ok(Self { target, desk, hertz: Some(hertz), server: Some(server) })
    }
}

/// The address of a server, with or without a path.
fn parse(url: &str) -> anyhow::Result<Target> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("ws", url));
    anyhow::ensure!(
        matches!(scheme, "ws" | "http"),
        "the load speaks ws:// and http://; for {scheme}:// point it at the server behind the proxy"
    );
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let path = if matches!(path, "" | "/") { PATH } else { path };
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let mut addresses = if has_port {
        host.to_socket_addrs()?
    } else {
        (host.trim_matches(['[', ']']), HTTP_PORT).to_socket_addrs()?
    };
    let address = addresses.next().context("there is no such host")?;
    Ok(Target { address, host: host.into(), path: path.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_and_without_scheme_port_and_path() {
        let read = |url: &str| {
            let target = parse(url).unwrap();
            (target.address.to_string(), target.host, target.path)
        };
        let all = |address: &str, host: &str, path: &str| {
            (address.to_owned(), host.to_owned(), path.to_owned())
        };
        assert_eq!(
            read("http://127.0.0.1:7777/"),
            all("127.0.0.1:7777", "127.0.0.1:7777", "/play")
        );
        assert_eq!(read("127.0.0.1:1/game"), all("127.0.0.1:1", "127.0.0.1:1", "/game"));
        assert_eq!(read("ws://127.0.0.1"), all("127.0.0.1:80", "127.0.0.1", "/play"));
        assert_eq!(read("ws://[::1]:9"), all("[::1]:9", "[::1]:9", "/play"));
        assert!(parse("wss://127.0.0.1").unwrap_err().to_string().contains("wss://"));
    }
}
