//! Tells code from what only looks like it: text in comments and in literals.

/// The source with the contents of comments, strings and characters blanked out. Every byte keeps its place, and
/// so does every line.
pub(super) fn blank(source: &str) -> String {
    let mut scanner = Scanner {
        bytes: source.as_bytes(),
        at: 0,
        code: Vec::with_capacity(source.len()),
    };
    while scanner.at < scanner.bytes.len() {
        scanner.step();
    }
    String::from_utf8_lossy(&scanner.code).into_owned()
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    code: Vec<u8>,
}

impl Scanner<'_> {
    fn step(&mut self) {
        if self.sees(b"//") {
            self.line_comment();
        } else if self.sees(b"/*") {
            self.block_comment();
        } else if let Some(hashes) = self.raw_string() {
            self.raw_contents(hashes);
        } else if self.sees(b"\"") {
            self.quoted(b'"');
        } else if self.sees(b"'") && self.is_character() {
            self.quoted(b'\'');
        } else {
            self.keep(1);
        }
    }

    fn sees(&self, text: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(text)
    }

    fn keep(&mut self, count: usize) {
        let end = self.bytes.len().min(self.at + count);
        self.code.extend_from_slice(&self.bytes[self.at..end]);
        self.at = end;
    }

    fn drop(&mut self, count: usize) {
        let end = self.bytes.len().min(self.at + count);
        let blank = |byte: &u8| if *byte == b'\n' { b'\n' } else { b' ' };
        self.code.extend(self.bytes[self.at..end].iter().map(blank));
        self.at = end;
    }

    fn line_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        self.drop(
            rest.iter()
                .position(|byte| *byte == b'\n')
                .unwrap_or(rest.len()),
        );
    }

    /// Comments of this kind can hold one another.
    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.bytes.len() {
            if self.sees(b"/*") {
                depth += 1;
                self.drop(2);
            } else if self.sees(b"*/") {
                depth -= 1;
                self.drop(2);
                if depth == 0 {
                    return;
                }
            } else {
                self.drop(1);
            }
        }
    }

    /// A string or a character, in which a backslash hides what comes next.
    fn quoted(&mut self, quote: u8) {
        self.keep(1);
        while self.at < self.bytes.len() && self.bytes[self.at] != quote {
            self.drop(if self.bytes[self.at] == b'\\' { 2 } else { 1 });
        }
        self.keep(1);
    }

    /// The number of hashes if a raw string begins here: `r"`, `r#"`, `br##"`.
    fn raw_string(&self) -> Option<usize> {
        let before = self.at.checked_sub(1).map(|index| self.bytes[index]);
        if !self.sees(b"r")
            || before.is_some_and(|byte| is_word(byte) && !matches!(byte, b'b' | b'c'))
        {
            return None;
        }
        let rest = &self.bytes[self.at + 1..];
        let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
        (rest.get(hashes) == Some(&b'"')).then_some(hashes)
    }

    fn raw_contents(&mut self, hashes: usize) {
        self.keep(hashes + 2);
        let mut end = vec![b'#'; hashes + 1];
        end[0] = b'"';
        while self.at < self.bytes.len() && !self.sees(&end) {
            self.drop(1);
        }
        self.keep(end.len());
    }

    /// Whether the quote begins a character and not a lifetime.
    fn is_character(&self) -> bool {
        let rest = &self.bytes[self.at + 1..];
        let width = rest.first().map_or(0, |byte| match byte {
            0xF0.. => 4,
            0xE0.. => 3,
            0xC0.. => 2,
            _ => 1,
        });
        rest.first() == Some(&b'\\') || rest.get(width) == Some(&b'\'')
    }
}

/// Whether a byte can be part of an identifier.
pub(super) const fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(blank(source), expected);
        assert_eq!(blank(source).len(), source.len());
    }

    #[test]
    fn code_stays() {
        check("fn main() -> u8 { 1 / 2 }", "fn main() -> u8 { 1 / 2 }");
        check("let straße = 1;", "let straße = 1;");
    }

    #[test]
    fn comments_go() {
        check("a; // b\nc", "a;     \nc");
        check("a /* b /* c */ d */ e", "a                   e");
        check("a /* b\nc", "a     \n ");
    }

    #[test]
    fn contents_of_strings_go() {
        check(r#"f("a // b", c)"#, r#"f("      ", c)"#);
        check(r#"f("a\"b", "c\\", d)"#, r#"f("    ", "   ", d)"#);
        check("f(\"a\nb\")", "f(\" \n \")");
        check(
            r##"f(r"a\", r#"b"c"#, br"d")"##,
            r##"f(r"  ", r#"   "#, br" ")"##,
        );
    }

    #[test]
    fn a_name_that_ends_with_r_begins_no_raw_string() {
        check(r#"for"a\"b""#, r#"for"    ""#);
    }

    #[test]
    fn characters_go_and_lifetimes_stay() {
        check("f('\"', '\\'', 'ß', b'a')", "f(' ', '  ', '  ', b' ')");
        check(
            "fn f<'a>(x: &'a str, y: &'static str)",
            "fn f<'a>(x: &'a str, y: &'static str)",
        );
    }

    #[test]
    fn an_unfinished_literal_ends_with_the_file() {
        check("\"ab\\", "\"   ");
        check("r#\"ab\"", "r#\"   ");
        check("'\\", "' ");
    }
}
