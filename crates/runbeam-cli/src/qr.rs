//! QR codes (ISO/IEC 18004) made of half blocks, for the camera of a phone.

use qrcode::{EcLevel, QrCode};

/// The code of `text`, in at most `columns` columns; `None` if it needs more.
///
/// Dark modules are blanks on a light ground, so that it can be read on dark and on light terminals alike.
pub(crate) fn draw(text: &str, columns: usize) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let size = code.width();
    let modules = code.to_colors();
    let is_light = |x: usize, y: usize| {
        let inside = (QUIET..QUIET + size).contains(&x) && (QUIET..QUIET + size).contains(&y);
        !inside || modules[(y - QUIET) * size + (x - QUIET)] == qrcode::Color::Light
    };
    let side = size + 2 * QUIET;
    if side + 2 > columns {
        return None;
    }
    let mut drawing = String::new();
    for y in (0..side).step_by(2) {
        // White on black whatever the colours of the terminal are.
        drawing.push_str("  \u{1b}[97;40m");
        for x in 0..side {
            drawing.push(match (is_light(x, y), y + 1 < side && is_light(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        drawing.push_str("\u{1b}[0m\n");
    }
    Some(drawing)
}

/// The light margin, which the standard wants to be four modules wide; cameras make do with two.
const QUIET: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_square_and_fits_or_is_not_drawn() {
        let url = "https://app.runbeam.io/cli/verify/dt_0123456789abcdefghijklmnopqrstuv";
        let drawing = draw(url, 80).unwrap();
        let lines: Vec<_> = drawing.lines().collect();
        let width = lines[0].chars().filter(|c| " █▀▄".contains(*c)).count() - 2;
        assert_eq!(width.div_ceil(2), lines.len());
        assert!(draw(url, width + 1).is_none());
        assert!(draw(&"x".repeat(5_000), 500).is_none());
    }

    #[test]
    fn the_margin_is_light_and_the_finder_pattern_is_where_it_should_be() {
        let drawing = draw("HELLO", 80).unwrap();
        let rows: Vec<Vec<char>> = drawing
            .lines()
            .map(|line| {
                line.chars()
                    .filter(|c| " █▀▄".contains(*c))
                    .skip(2)
                    .collect()
            })
            .collect();
        assert!(rows[0].iter().all(|c| *c == '█'));
        // Seven dark modules begin the first row of the pattern, its second row has a light one within.
        assert_eq!(rows[1][2..9], [' ', '▄', '▄', '▄', '▄', '▄', ' ']);
    }
}
