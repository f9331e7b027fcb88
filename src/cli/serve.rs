//! Hosts matches until told to stop.

use super::show::Show;
use super::{Files, announce, say};
use crate::doors::{Server, acceptor};
use crate::host::DoorLimits;
use crate::host::matches::{Catalog, Directory};
use crate::host::settings::{ModeSettings, Override, Settings, UsersSettings};
use crate::host::users::{Issuer, Users};
use anyhow::Context;
use clap::Parser;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_rustls::rustls::pki_types::SubjectPublicKeyInfoDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tracing_subscriber::EnvFilter;

/// Descriptors beside those of connections: threads, files, the port, standard streams.
const OTHER_DESCRIPTORS: u64 = 64;
/// How often it is looked whether all players have left.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// What can be chosen for serving.
#[derive(Debug, Parser)]
pub(super) struct Options {
    /// Where to listen; nobody else's machine comes in unless this says so [default: 127.0.0.1:7777].
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// A file with settings [default: the one that `TICKWIRE_CONFIG` names, if any].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, such as `doors.connections=100`; above the file and the environment.
    #[arg(long, value_name = "SETTING=VALUE")]
    set: Vec<String>,
    /// Prints all settings as a file and stops.
    #[arg(long)]
    print_config: bool,
    /// Stops at once when standard input ends: with whoever holds its other end.
    #[arg(long, hide = true)]
    until_input_ends: bool,
}

impl Options {
    fn settings(&self) -> anyhow::Result<Settings> {
        let file =
            self.config.clone().or_else(|| std::env::var_os("TICKWIRE_CONFIG").map(Into::into));
        let text = match &file {
            Some(file) => std::fs::read_to_string(file)
                .with_context(|| format!("--config {}", file.display()))?,
            None => String::new(),
        };
        let name = file.unwrap_or_default();
        let mut overrides = Override::of_environment(std::env::vars());
        for flag in &self.set {
            overrides.push(Override::of_flag(flag)?);
        }
        let mut settings = Settings::read(&name.to_string_lossy(), &text, &overrides)?;
        settings.listen = self.listen.unwrap_or(settings.listen);
        Ok(settings)
    }
}

pub(super) fn run<G: Show>(options: &Options) -> anyhow::Result<()> {
    let settings = options.settings()?;
    if options.print_config {
        return announce(&settings.to_text());
    }
    log(&settings)?;
    raise_descriptors(&settings);
    if options.until_input_ends {
        std::thread::spawn(|| {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            std::process::exit(0);
        });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve::<G>(&settings))
}

/// Says from now on what happens, on standard error.
fn log(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log.filter)
        .with_context(|| format!("log.filter: {}", settings.log.filter))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // What cannot be logged would be told on standard error, and that is where it could not be.
    let log = log.log_internal_errors(false);
    // A second server in one program logs where the first does.
    let _ = if settings.log.json { log.json().try_init() } else { log.try_init() };
    Ok(())
}

/// A connection is a descriptor, and what a process may have is less than a server needs.
fn raise_descriptors(settings: &Settings) {
    let wanted = settings.doors.connections as u64 + OTHER_DESCRIPTORS;
    let is_chosen = settings.doors.connections != DoorLimits::default().connections;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(had) if had < wanted && is_chosen => tracing::warn!(
            "doors.connections is {}, but the system gives {had} descriptors (ulimit -n)",
            settings.doors.connections
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!("the number of descriptors cannot be raised: {error}"),
    }
}

fn catalog<G: Show>(settings: &Settings) -> anyhow::Result<Catalog> {
    let offers = G::offers();
    let offered: Vec<_> = offers.iter().map(|it| ModeSettings::of(it.name, it.players)).collect();
    let usual = [ModeSettings::usual(G::NAME)];
    let modes = match (&settings.modes[..], &offered[..]) {
        ([], []) => &usual,
        ([], offered) => offered,
        (modes, _) => modes,
    };
    let mut catalog = Catalog::default();
    for mode in modes {
        let (name, players) = (mode.name.as_str(), mode.players as usize);
        let wished = serde_json::to_string(&mode.options)?;
        let offer = offers.iter().find(|offer| offer.name == name);
        let options = offer.map_or_else(|| G::options(mode.players), |it| it.options.clone());
        catalog = catalog
            .with_wishes(name, players, mode.spectators, G::game, &options, &wished)
            .map_err(|why| anyhow::anyhow!("modes, `{name}`: {why}"))?;
    }
    Ok(catalog)
}

fn users(settings: &UsersSettings) -> anyhow::Result<Users> {
    let issuer = Issuer {
        issuer: settings.issuer.clone(),
        audience: settings.audience.clone(),
        lets_guests_in: settings.guests,
    };
    match (&settings.secret, &settings.public_key) {
        (Some(secret), _) => Users::with_secret(secret.0.as_bytes(), &issuer)
            .map_err(|why| anyhow::anyhow!("users.secret: {why}")),
        (None, Some(file)) => {
            let at = || format!("users.public_key = {}", file.display());
            let key = SubjectPublicKeyInfoDer::from_pem_file(file).with_context(at)?;
            Users::with_public_key(&key, &issuer).map_err(|why| anyhow::anyhow!("{}: {why}", at()))
        }
        (None, None) => Err(anyhow::anyhow!("users: need a secret or a public key")),
    }
}

/// The server, with all that the settings ask for.
fn build<G: Show>(settings: &Settings) -> anyhow::Result<(Server, Arc<Directory>)> {
    let pages = match &settings.pages {
        Some(folder) => {
            Files::read(folder).with_context(|| format!("pages = {}", folder.display()))?
        }
        None => G::pages(),
    };
    let mut server = Server::new(settings.config()).files(pages);
    if let Some(tls) = &settings.tls {
        server = server.tls(acceptor(&tls.certificate, &tls.key).context("tls")?);
    }
    if let Some(settings) = &settings.users {
        server.host().set_users(users(settings)?);
    }
    let directory = Directory::start(server.host(), catalog::<G>(settings)?)
        .context("the system gives no more threads or descriptors")?;
    Ok((server, directory))
}

async fn serve<G: Show>(settings: &Settings) -> anyhow::Result<()> {
    // First: who is told where the server is may tell it to stop.
    let mut ends = Ends::new()?;
    let (server, directory) = build::<G>(settings)?;
    let open = server.open(settings.listen).await;
    let open = open.with_context(|| format!("listen = {}", settings.listen))?;
    let address = open.address();
    let s = if settings.tls.is_some() { "s" } else { "" };
    let mut told = format!(
        "{} is hosted at {address}\n  play in browsers http{s}://{address}/\n  \
         native clients   ws{s}://{address}{}\n  \
         Socket.IO        http{s}://{address}{} (emit `join-match`)\n",
        G::NAME,
        settings.play_path,
        settings.socket_io_path
    );
    if let Some(admin) = &settings.admin {
        let desk = server.open_desk(admin.listen, &admin.token.0).await;
        let desk = desk.with_context(|| format!("admin.listen = {}", admin.listen))?;
        told += &format!("  operators        http://{} (with the token)\n", desk.address());
        tokio::spawn(desk.serve());
    }
    told += "Ctrl-C ends all matches, tells their players and stops; again stops at once.\n";
    announce(&told)?;
    let mut serving = std::pin::pin!(open.serve());
    let first = tokio::select! {
        () = &mut serving => return Ok(()),
        first = ends.next() => first,
    };
    if first == End::Terminate {
        let within = settings.matches.drain_timeout;
        say(&format!("draining: no more matches, {within:?} for those that run"));
        directory.drain();
        tokio::select! {
            // Those who play may lose their connection and come back.
            () = &mut serving => return Ok(()),
            () = drained(&directory, within) => {}
            _ = ends.next() => {
                say("stopped at once");
                return Ok(());
            }
        }
    }
    say("stopping");
    directory.close();
    server.close();
    tokio::select! {
        () = &mut serving => {}
        _ = ends.next() => say("stopped at once"),
    }
    Ok(())
}

/// Ready once nobody plays any more, or has had time enough.
async fn drained(directory: &Directory, within: Duration) {
    let is_empty = async {
        while directory.list().iter().any(|listing| listing.players > 0) {
            tokio::time::sleep(LOOKS_EVERY).await;
        }
    };
    let _ = tokio::time::timeout(within, is_empty).await;
}

/// What ends a server, or a load.
pub(super) struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

/// How it is asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By whoever sits before it.
    Interrupt,
    /// By what runs it: others take over.
    Terminate,
}

impl Ends {
    pub(super) fn new() -> std::io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    pub(super) async fn next(&mut self) -> End {
        tokio::select! {
            _ = self.interrupt.recv() => End::Interrupt,
            _ = self.terminate.recv() => End::Terminate,
        }
    }
}
