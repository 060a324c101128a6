//! Lines that are broken between words, with what follows below what they begin with.

/// `text` behind something that takes `lead` columns, in lines of at most `width`. Without a width only its own line
/// breaks count.
pub(super) fn behind(lead: usize, text: &str, width: Option<usize>) -> String {
    // A terminal that is narrower than this has its own way to break lines.
    let room = width
        .map(|width| width.saturating_sub(lead))
        .filter(|room| *room >= 20);
    let mut lines = Vec::new();
    for line in text.lines() {
        match room {
            Some(room) => lines.extend(broken(line, room)),
            None => lines.push(line.to_owned()),
        }
    }
    lines.join(&format!("\n{:lead$}", ""))
}

fn broken(line: &str, room: usize) -> Vec<String> {
    let text = line.trim_start_matches(' ');
    let indent = " ".repeat(line.len() - text.len());
    let mut lines = Vec::new();
    let mut current = indent.clone();
    let mut is_empty = true;
    for word in text.split(' ') {
        let length = current.chars().count() + 1 + word.chars().count();
        if !is_empty && length > room {
            lines.push(std::mem::replace(&mut current, indent.clone()));
        } else if !is_empty {
            current.push(' ');
        }
        current.push_str(word);
        is_empty = false;
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_stand_below_one_another() {
        let check = |text: &str, width, expected: &str| {
            assert_eq!(behind(2, text, width), expected);
        };
        check("one two\nthree", None, "one two\n  three");
        check(
            "the first twenty two letters",
            Some(24),
            "the first twenty two\n  letters",
        );
        check(
            "a narrow terminal breaks by itself",
            Some(10),
            "a narrow terminal breaks by itself",
        );
        let word = "x".repeat(40);
        check(&word, Some(30), &word);
        check("", Some(30), "");
    }
}
