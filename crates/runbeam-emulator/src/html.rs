//! Pages of HTML: one frame around all of them, and text that cannot break out of it.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

/// Everything that the pages may load is in them: no scripts, no other hosts, no frames around them.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("html/style.css");

/// A page with a title, which is also its first heading.
pub(crate) fn page(status: StatusCode, title: &str, main: &str) -> Response {
    let title = escaped(title);
    let html = format!(
        "<!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title} – Runbeam emulator</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <style>{STYLE}</style>\n\
         </head>\n\
         <body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n\
         <header><p><strong>Runbeam Cloud</strong> <span>emulated on this machine</span></p></header>\n\
         <main id=\"main\">\n\
         <h1>{title}</h1>\n\
         {main}</main>\n\
         <footer><p><a href=\"/_emulator\">Dashboard</a></p></footer>\n\
         </body>\n\
         </html>\n"
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Text as it stands in elements and in quoted attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // What turns the direction of text around could make one name look like another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_out() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check(
            "<b a=\"1\" c='2'>&",
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;",
        );
        check("a\u{202e}b", "ab");
        check("São", "São");
    }
}
