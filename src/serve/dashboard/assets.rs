//! Style sheets, scripts and pictures, compiled into the program. Each is asked for with the hash of all of them, so a
//! browser keeps it for ever and never mixes two versions. None comes from anywhere else.

use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use siphasher::sip::SipHasher13;
use std::borrow::Cow;
use std::hash::Hasher as _;
use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

macro_rules! assets {
    ($($name:literal: $kind:expr,)*) => {
        &[$(Asset { name: $name, kind: $kind, text: include_str!(concat!("assets/", $name)) }),*]
    };
}

/// The two of uPlot are those of npm's uplot 1.6.32.
static ASSETS: &[Asset] = assets! {
    "dashboard.css": CSS,
    "dashboard.js": SCRIPT,
    "as-of.js": SCRIPT,
    "charts.js": SCRIPT,
    "keys.js": SCRIPT,
    "live.js": SCRIPT,
    "morph.js": SCRIPT,
    "theme.js": SCRIPT,
    "themes.js": SCRIPT,
    "times.js": SCRIPT,
    "icon.svg": "image/svg+xml",
    "uplot.css": CSS,
    "uplot.js": SCRIPT,
    "uplot.LICENSE.txt": TEXT,
};

/// Another one whenever any of the assets is.
pub static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = SipHasher13::new();
    for asset in ASSETS {
        hasher.write(asset.name.as_bytes());
        hasher.write(asset.text.as_bytes());
    }
    format!("{:016x}", hasher.finish())
});

#[derive(Deserialize)]
pub struct Asked {
    v: Option<String>,
}

pub async fn serve(Path(name): Path<String>, Query(asked): Query<Asked>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = match body(asset) {
        Cow::Borrowed(text) => text.into_response(),
        Cow::Owned(text) => text.into_response(),
    };
    let is_this_version = asked.v.as_deref() == Some(&**VERSION);
    let keep = if is_this_version { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    response
}

/// What one script imports has the same version.
fn body(asset: &Asset) -> Cow<'static, str> {
    if asset.kind != SCRIPT || !asset.text.contains("from \"./") {
        return Cow::Borrowed(asset.text);
    }
    let version = format!(".js?v={}\";", *VERSION);
    let line = |line: &str| {
        if line.starts_with("import ") { line.replace(".js\";", &version) } else { line.to_owned() }
    };
    Cow::Owned(asset.text.lines().map(line).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(name: &str) -> &'static Asset {
        ASSETS.iter().find(|asset| asset.name == name).unwrap()
    }

    #[test]
    fn every_import_has_the_version_and_is_there() {
        for asset in ASSETS.iter().filter(|asset| asset.name.ends_with(".js") && asset.name != "uplot.js") {
            for line in body(asset).lines().filter(|line| line.starts_with("import ")) {
                let (_, path) = line.split_once("\"./").unwrap();
                let (name, version) = path.split_once("?v=").unwrap();
                assert_eq!(version, format!("{}\";", *VERSION));
                assert!(ASSETS.iter().any(|known| known.name == name), "{name}");
            }
        }
    }

    #[test]
    fn nothing_asks_another_host() {
        for asset in ASSETS.iter().filter(|asset| !asset.name.starts_with("uplot.")) {
            let text = asset.text.replace("http://www.w3.org/2000/svg", "");
            assert!(
                !text.contains("http:") && !text.contains("https:") && !text.contains("@import"),
                "{}",
                asset.name
            );
        }
    }

    #[test]
    fn the_licence_of_what_others_wrote_is_beside_it() {
        assert!(asset("uplot.LICENSE.txt").text.contains("MIT"));
        assert!(asset("uplot.js").text.contains("v1.6.32"));
    }
}
