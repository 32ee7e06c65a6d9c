//! Where answers go, and where somebody is asked.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

/// Prints for a person or for a program.
pub(crate) struct Terminal<'a> {
    out: &'a mut (dyn Write + Send),
    json: bool,
}

impl<'a> Terminal<'a> {
    pub(crate) fn new(out: &'a mut (dyn Write + Send), json: bool) -> Self {
        Self { out, json }
    }

    /// Whether a program reads.
    pub(crate) fn is_for_programs(&self) -> bool {
        self.json
    }

    /// Whether a person looks on and can answer.
    pub(crate) fn is_attended(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Prints `answer` as it is for a program, or as `told` tells it.
    pub(crate) fn answer(
        &mut self,
        answer: &Value,
        told: impl FnOnce() -> String,
    ) -> io::Result<()> {
        match self.json {
            true => self.line(&answer.to_string()),
            false => self.line(&told()),
        }
    }

    /// Prints `text` for a person; a program gets the answers alone.
    pub(crate) fn remark(&mut self, text: &str) -> io::Result<()> {
        match self.json {
            true => Ok(()),
            false => self.line(text),
        }
    }

    /// Prints `text` in the place of all that stands there.
    pub(crate) fn redraw(&mut self, text: &str) -> io::Result<()> {
        const HOME_AND_CLEAR: &str = "\x1b[H\x1b[J";
        writeln!(self.out, "{HOME_AND_CLEAR}{text}")?;
        self.out.flush()
    }

    /// Asks `question` and tells whether the answer was yes.
    pub(crate) fn confirms(&mut self, question: &str) -> io::Result<bool> {
        write!(self.out, "{question} [y/N] ")?;
        self.out.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(is_yes(&answer))
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_confirms() {
        for yes in ["y", "Y\n", " yes\r\n"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n", "yeah", "ja"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
