//! Opens the page of a login, where a browser would show up in front of whoever typed the command.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use tempfile::TempPath;

use crate::environment;
use crate::output;

/// A page that was handed to the browser. The file that leads there is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct OpenedPage {
    _redirect: TempPath,
    _browser: Child,
}

/// Whether to try at all.
pub(crate) fn is_wanted() -> bool {
    environment::has_desktop() && output::watches()
}

/// Opens `url`, or says nothing: the page is shown in words, too.
///
/// The address of a login may be all that it takes to receive its token, and arguments of programs are for everybody on
/// the machine to see. So the browser is given a file, readable by its owner alone, which leads to the address.
pub(crate) fn open(url: &str) -> Option<OpenedPage> {
    let mut page = tempfile::Builder::new()
        .prefix("runbeam-login-")
        .suffix(".html")
        .tempfile()
        .ok()?;
    page.write_all(redirect_to(url).as_bytes()).ok()?;
    let redirect = page.into_temp_path();
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32.exe", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(redirect.as_os_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for variable in environment::ours() {
        command.env_remove(variable);
    }
    let browser = command.spawn().ok()?;
    Some(OpenedPage {
        _redirect: redirect,
        _browser: browser,
    })
}

fn redirect_to(url: &str) -> String {
    let url: String = url
        .chars()
        .map(|character| match character {
            '&' => "&amp;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            other => other.to_string(),
        })
        .collect();
    format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">\
         <meta http-equiv=\"refresh\" content=\"0;url={url}\"><title>Runbeam</title>\
         <p>Go on to <a href=\"{url}\">the login page</a>.</p>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_leave_its_attribute() {
        let page = redirect_to("https://h/\"><script>alert('x')</script>&a");
        assert!(!page.contains("<script"), "{page}");
        assert!(
            page.contains(
                "https://h/&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;a"
            )
        );
    }
}
