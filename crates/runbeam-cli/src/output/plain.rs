//! Text that cannot control a terminal.

use serde_json::Value;

/// Shows what would control a terminal as what it is: `ESC` becomes `\u{1b}`. Line feeds and tabs stay.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' || character == '\t' || !is_control(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_unicode());
        }
    }
    shown
}

/// A JSON text in which such characters are written as RFC 8259 (section 7) lets them be.
///
/// Outside of strings JSON has none of them, so that each can be replaced where it stands.
pub(super) fn json(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '\n' && is_control(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The control characters of ISO 646 and ISO 6429, and those that reorder or hide text (Unicode TR 36).
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 8] = [
        "\u{1b}[2J",
        "\u{1b}]0;title\u{7}",
        "\u{9b}31m",
        "a\rb",
        "\u{202e}gpj.exe",
        "\u{8}\u{8}",
        "\u{200b}",
        "\u{e0041}",
    ];

    #[test]
    fn nothing_that_controls_a_terminal_is_left() {
        for text in HOSTILE {
            let shown = plain(text);
            assert!(!shown.chars().any(is_control), "{shown:?}");
            let shown = json(&Value::from(text));
            assert!(!shown.chars().any(is_control), "{shown:?}");
            assert_eq!(
                serde_json::from_str::<String>(&shown).unwrap(),
                text,
                "it is still the same JSON"
            );
        }
    }

    #[test]
    fn what_people_write_stays() {
        for text in ["Inês Prado", "日本語", "a\tb\nc", "naïve — “quoted”", "🦀"] {
            assert_eq!(plain(text), text);
        }
    }
}
