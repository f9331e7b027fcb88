//! Who is who: users by their tokens, JWT that others issued.
//!
//! Which algorithm a token is checked with follows from the key that is configured, never from the
//! token.

use crate::ids::UserId;
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use ring::{hmac, signature as curves};
use serde::Deserialize;
use signature::Verifier;
use std::fmt;

/// Clocks of those who issue tokens may differ from ours by so many seconds.
const LEEWAY: u64 = 30;
/// A user's id has at most so many bytes.
const USER_BYTES_MOST: usize = 128;
/// What comes before the bytes of a public key of Ed25519 in DER.
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
const ED25519_BYTES: usize = 32;
/// A shared secret has at least so many bytes: as many as what it signs with.
const SECRET_LEAST: usize = 32;

/// Somebody whose token is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The same for all of their sockets.
    pub user: UserId,
    /// What to call them, if the token says so.
    pub name: Option<String>,
    /// What else it says, as a JSON object.
    pub claims: String,
}

/// Checks tokens.
pub struct Users {
    key: DecodingKey,
    rules: Validation,
    lets_guests_in: bool,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "users of {:?} tokens", self.rules.algorithms)
    }
}

/// What tokens are checked against.
#[derive(Clone, Debug, Default)]
pub struct Issuer {
    /// Who must have issued them, if that matters.
    pub issuer: Option<String>,
    /// Whom they must be meant for, if that matters.
    pub audience: Option<String>,
    /// Whether those come in who have none.
    pub lets_guests_in: bool,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(flatten)]
    more: serde_json::Map<String, serde_json::Value>,
}

/// Claims that are about the token and not about the user.
const ABOUT_THE_TOKEN: [&str; 6] = ["exp", "nbf", "iat", "iss", "aud", "jti"];

impl Users {
    /// Tokens signed with this secret (HS256).
    pub fn with_secret(secret: &[u8], issuer: &Issuer) -> Result<Self, String> {
        if secret.len() < SECRET_LEAST {
            return Err(format!("a secret has at least {SECRET_LEAST} bytes"));
        }
        Ok(Self::new(DecodingKey::from_secret(secret), Algorithm::HS256, issuer))
    }

    /// Tokens signed with the key that belongs to this public one, in DER (EdDSA).
    pub fn with_public_key(der: &[u8], issuer: &Issuer) -> Result<Self, String> {
        let key = der.strip_prefix(&ED25519_PREFIX).filter(|key| key.len() == ED25519_BYTES);
        let key = key.ok_or("no public key of Ed25519")?;
        Ok(Self::new(DecodingKey::from_ed_der(key), Algorithm::EdDSA, issuer))
    }

    fn new(key: DecodingKey, algorithm: Algorithm, issuer: &Issuer) -> Self {
        // Once is enough; again does nothing.
        let _ = PROVIDER.install_default();
        let mut rules = Validation::new(algorithm);
        rules.leeway = LEEWAY;
        rules.validate_nbf = true;
        rules.set_required_spec_claims(&["exp", "sub"]);
        if let Some(name) = &issuer.issuer {
            rules.set_issuer(&[name]);
            rules.required_spec_claims.insert("iss".into());
        }
        rules.validate_aud = issuer.audience.is_some();
        if let Some(name) = &issuer.audience {
            rules.set_audience(&[name]);
            rules.required_spec_claims.insert("aud".into());
        }
        Self { key, rules, lets_guests_in: issuer.lets_guests_in }
    }

    /// Whose token this is; nobody's, if guests are let in and there is none.
    pub fn of(&self, token: &str) -> Result<Option<Known>, &'static str> {
        if token.is_empty() {
            return if self.lets_guests_in { Ok(None) } else { Err("a token is needed") };
        }
        let checked = jsonwebtoken::decode::<Claims>(token, &self.key, &self.rules);
        let Claims { sub, name, mut more } = match checked {
            Ok(token) => token.claims,
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => {
                return Err("the token is over");
            }
            Err(error) => {
                tracing::debug!("a token: {error}");
                return Err("the token is not good here");
            }
        };
        if sub.is_empty() || sub.len() > USER_BYTES_MOST {
            return Err("the token is not good here");
        }
        more.retain(|name, _| !ABOUT_THE_TOKEN.contains(&name.as_str()));
        let claims = serde_json::Value::Object(more).to_string();
        Ok(Some(Known { user: sub.as_str().into(), name, claims }))
    }
}

/// What the library checks signatures with: what encrypts connections already.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_: &Algorithm, _: &EncodingKey| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> JwtResult<Box<dyn JwtVerifier>> {
    match algorithm {
        Algorithm::HS256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.try_get_as_bytes()?);
            Ok(Box::new(Hs256(key)))
        }
        Algorithm::EdDSA => Ok(Box::new(EdDsa(key.try_get_as_bytes()?.to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct Hs256(hmac::Key);

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

struct EdDsa(Vec<u8>);

impl Verifier<Vec<u8>> for EdDsa {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let key = curves::UnparsedPublicKey::new(&curves::ED25519, &self.0);
        key.verify(message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for EdDsa {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::signature::KeyPair;
    use serde_json::{Value, json};
    use std::time::{SystemTime, UNIX_EPOCH};

    const SECRET: &[u8] = b"an example of thirty-two letters";

    fn soon(seconds: i64) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        i64::try_from(now).unwrap() + seconds
    }

    fn signed(algorithm: &str, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = json!({ "alg": algorithm, "typ": "JWT" });
        let message = format!("{}.{}", part(&head), part(claims));
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(sign(message.as_bytes())))
    }

    fn hmac_of(secret: &'static [u8]) -> impl Fn(&[u8]) -> Vec<u8> {
        move |message| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            hmac::sign(&key, message).as_ref().to_vec()
        }
    }

    #[test]
    fn a_good_token_says_who_it_is_and_what_else_is_known() {
        let users = Users::with_secret(SECRET, &Issuer::default()).unwrap();
        let claims = json!({
            "sub": "ann", "name": "Ann", "exp": soon(60), "iat": soon(0), "rank": 7, "skins": ["red"],
        });
        let known = users.of(&signed("HS256", &claims, hmac_of(SECRET))).unwrap().unwrap();
        assert_eq!((known.user, known.name.as_deref()), ("ann".into(), Some("Ann")));
        let claims: Value = serde_json::from_str(&known.claims).unwrap();
        assert_eq!(claims, json!({ "rank": 7, "skins": ["red"] }));
    }

    // Threat 11: forged, replayed or expired tokens, confusion of algorithms.
    #[test]
    fn forged_expired_and_foreign_tokens_are_refused() {
        let issuer = Issuer {
            issuer: Some("us".into()),
            audience: Some("game".into()),
            lets_guests_in: true,
        };
        let users = Users::with_secret(SECRET, &issuer).unwrap();
        let good = json!({ "sub": "ann", "exp": soon(60), "iss": "us", "aud": "game" });
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            claims
        };
        let hs = |claims: &Value| signed("HS256", claims, hmac_of(SECRET));
        assert!(users.of(&hs(&good)).is_ok());
        let pair = curves::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let mut bad = vec![
            hs(&with("exp", json!(soon(-60)))),
            hs(&with("exp", Value::Null)),
            hs(&with("nbf", json!(soon(600)))),
            hs(&with("iss", json!("them"))),
            hs(&with("aud", json!("shop"))),
            hs(&with("sub", json!(""))),
            hs(&with("sub", json!("x".repeat(129)))),
            signed("HS256", &good, hmac_of(b"another example of such a secret")),
            signed("none", &good, |_| Vec::new()),
            signed("HS512", &good, hmac_of(SECRET)),
            signed("EdDSA", &good, |message| pair.sign(message).as_ref().to_vec()),
            "a.b.c".into(),
            "ann".into(),
            "x".repeat(100_000),
        ];
        let mut tampered = hs(&good);
        tampered.replace_range(40..41, if &tampered[40..41] == "A" { "B" } else { "A" });
        bad.push(tampered);
        for token in bad {
            assert!(users.of(&token).is_err(), "{token}");
        }
        assert_eq!(users.of(""), Ok(None));
    }

    #[test]
    fn a_public_key_checks_what_its_pair_signed_and_is_no_secret() {
        let pair = curves::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let der = [&ED25519_PREFIX[..], &public].concat();
        let users = Users::with_public_key(&der, &Issuer::default()).unwrap();
        let claims = json!({ "sub": "ann", "exp": soon(60) });
        let token = signed("EdDSA", &claims, |message| pair.sign(message).as_ref().to_vec());
        assert!(users.of(&token).is_ok());
        let confused = signed("HS256", &claims, |message| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &public);
            hmac::sign(&key, message).as_ref().to_vec()
        });
        assert!(users.of(&confused).is_err());
        assert_eq!(users.of(""), Err("a token is needed"));
        assert!(Users::with_public_key(&public, &Issuer::default()).is_err());
        assert!(Users::with_secret(b"short", &Issuer::default()).is_err());
    }
}
