//! `--latency-dist`: round trips as a spectrum. Each line is a period, each cell a range of times,
//! its colour the share of samples that fell there.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::latency::{INTERRUPTED, pause, round_trip};
use crate::format::Output;
use crate::interrupt;
use crate::session::Session;
use crate::stop::Stop;

/// How long a line covers where nothing is said.
const PERIOD: Duration = Duration::from_secs(1);

/// Lines between two legends.
const LINES_A_LEGEND: u64 = 20;

/// The upper end of each cell in nanoseconds, with the character that names it. Roughly
/// logarithmic, with whole milliseconds up to ten. The last cell has no end.
const CELLS: [(u64, char); 39] = [
    (100, '`'),
    (200, '\''),
    (500, ':'),
    (1_000, ';'),
    (2_000, '~'),
    (5_000, '^'),
    (10_000, '.'),
    (20_000, ','),
    (50_000, '"'),
    (125_000, '-'),
    (250_000, '*'),
    (500_000, '#'),
    (1_000_000, '1'),
    (2_000_000, '2'),
    (3_000_000, '3'),
    (4_000_000, '4'),
    (5_000_000, '5'),
    (6_000_000, '6'),
    (7_000_000, '7'),
    (8_000_000, '8'),
    (9_000_000, '9'),
    (10_000_000, 'A'),
    (20_000_000, 'B'),
    (30_000_000, 'C'),
    (40_000_000, 'D'),
    (50_000_000, 'E'),
    (100_000_000, 'F'),
    (200_000_000, 'G'),
    (300_000_000, 'H'),
    (400_000_000, 'I'),
    (500_000_000, 'J'),
    (1_000_000_000, 'K'),
    (2_000_000_000, 'L'),
    (4_000_000_000, 'M'),
    (8_000_000_000, 'N'),
    (16_000_000_000, 'O'),
    (30_000_000_000, 'P'),
    (60_000_000_000, 'Q'),
    (u64::MAX, '?'),
];

/// Colours of the 256-colour palette from none to all: black, blue, green, yellow, red.
const COLOURS: [u8; 16] = [0, 17, 18, 19, 20, 26, 32, 37, 35, 40, 76, 112, 190, 220, 208, 196];

/// The same in greys.
const GREYS: [u8; 13] = [0, 233, 235, 237, 239, 241, 243, 245, 247, 249, 251, 253, 255];

/// Prints lines without end: as colours on a terminal, as counts in a pipe.
pub fn run(session: &mut Session) -> Result<(), Stop> {
    session.connect_or_stop()?;
    let stopped = interrupt::flag();
    let period = match session.options.interval {
        Duration::ZERO => PERIOD,
        said => said,
    };
    let palette: &[u8] = if session.options.mono { &GREYS } else { &COLOURS };
    let coloured = session.options.style.output == Output::Standard;
    let mut counts = [0u64; CELLS.len()];
    let mut start = Instant::now();
    let mut lines = 0;
    while !stopped.load(Ordering::Relaxed) {
        if let Some(time) = round_trip(session)? {
            counts[cell(time)] += 1;
        }
        if start.elapsed() >= period {
            if coloured && lines % LINES_A_LEGEND == 0 {
                session.print(legend(palette).as_bytes())?;
            }
            lines += 1;
            let line = if coloured { spectrum(&counts, palette) } else { numbers(&counts) };
            session.print(line.as_bytes())?;
            counts = [0; CELLS.len()];
            start = Instant::now();
        }
        pause(session.options.latency_pause);
    }
    session.print(b"\n")?;
    Err(Stop::Code(INTERRUPTED))
}

fn cell(time: Duration) -> usize {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    // The last cell takes everything, so there is always one.
    CELLS.partition_point(|(end, _)| *end < nanos).min(CELLS.len() - 1)
}

fn spectrum(counts: &[u64; CELLS.len()], palette: &[u8]) -> String {
    let all = counts.iter().sum::<u64>().max(1);
    let brightest = palette.len() - 1;
    let mut line = "\x1b[38;5;0m".to_owned();
    for ((_, mark), count) in CELLS.iter().zip(counts) {
        // Rounded up: even a single sample is seen.
        let shade = (*count as f64 / all as f64 * brightest as f64).ceil() as usize;
        line += &format!("\x1b[48;5;{}m{mark}", palette[shade.min(brightest)]);
    }
    line + "\x1b[0m\n"
}

/// The cells that are not empty, as `<=0.125ms:42`.
fn numbers(counts: &[u64; CELLS.len()]) -> String {
    let cells = CELLS.iter().zip(counts).filter(|(_, count)| **count > 0);
    let parts: Vec<String> = cells
        .map(|((end, _), count)| match *end {
            u64::MAX => format!(">60000ms:{count}"),
            end => format!("<={}ms:{count}", end as f64 / 1e6),
        })
        .collect();
    parts.join(" ") + "\n"
}

fn legend(palette: &[u8]) -> String {
    let rule = "---------------------------------------------\n";
    let mut text = format!(
        "{rule}\
         ` ' : ; ~ ^      .1 .2 .5 1 2 5           us\n\
         . , \" - * #      .01 .02 .05 .125 .25 .5  ms\n\
         1 2 3 ... 9      1 to 9                   ms\n\
         A B C D E        10 20 30 40 50           ms\n\
         F G H I J        .1 .2 .3 .4 .5            s\n\
         K L M N O P Q ?  1 2 4 8 16 30 60 more     s\n\
         From 0 to 100%: "
    );
    for colour in palette {
        text += &format!("\x1b[48;5;{colour}m ");
    }
    text + "\x1b[0m\n" + rule
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_fall_into_the_cell_that_reaches_them() {
        let mark = |micros: u64| CELLS[cell(Duration::from_micros(micros))].1;
        let fine = |nanos: u64| CELLS[cell(Duration::from_nanos(nanos))].1;
        assert_eq!(
            [fine(0), fine(100), fine(101), fine(999), fine(5001)],
            ['`', '`', '\'', ';', '.']
        );
        assert_eq!([mark(10), mark(11), mark(1000)], ['.', ',', '1']);
        assert_eq!([mark(60_000_000), mark(60_000_001)], ['Q', '?']);
        assert!(CELLS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn the_whole_share_has_the_last_colour_and_none_the_first() {
        let mut counts = [0; CELLS.len()];
        counts[0] = 5;
        let line = spectrum(&counts, &COLOURS);
        assert!(line.starts_with("\x1b[38;5;0m\x1b[48;5;196m`\x1b[48;5;0m'"), "{line:?}");
        counts[6] = 1;
        assert_eq!(numbers(&counts), "<=0.0001ms:5 <=0.01ms:1\n");
    }
}
