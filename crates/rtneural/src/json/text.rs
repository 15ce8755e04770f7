//! A pull parser for JSON text that reports where it stopped, refuses duplicate keys and leaves numbers as text.
//!
//! Numbers stay text because a weight must be rounded to f32 once: by way of f64 it would be rounded twice.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::{Limits, Problem};

/// The text is not JSON from byte `at` on.
#[derive(Debug)]
pub(crate) struct Fault {
    at: usize,
    message: String,
}

impl Fault {
    /// Turns the byte position into line and column.
    pub(crate) fn problem(self, text: &str) -> Problem {
        let before = &text.as_bytes()[..self.at.min(text.len())];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        // Continuation bytes of UTF-8 are not characters of their own.
        let column = before[line_start..].iter().filter(|&&byte| byte & 0xC0 != 0x80).count() + 1;
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        Problem::Syntax { line, column, message: self.message }
    }
}

/// A place in a JSON text.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    deepest: usize,
    /// What follows was read to its end before and is JSON.
    trusted: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str, limits: &Limits) -> Self {
        Cursor { text, at: 0, depth: 0, deepest: limits.nesting.min(Limits::DEEPEST), trusted: false }
    }

    /// From now on values are skipped without another look at their grammar: the caller has read them before.
    pub(crate) fn trust(&mut self) {
        self.trusted = true;
    }

    /// The next byte that is not white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// What kind of value comes next, in words.
    pub(crate) fn next_kind(&mut self) -> &'static str {
        match self.peek() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            Some(b'-' | b'0'..=b'9') => "a number",
            Some(_) => "something that is not JSON",
            None => "the end of the file",
        }
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { at: self.at, message: message.into() })
    }

    /// "expected ..., found ..." at the next byte.
    fn expected<T>(&mut self, expected: &str) -> Result<T, Fault> {
        let found = match self.peek() {
            None => "the end of the file (is it truncated?)".to_owned(),
            Some(_) => match self.text[self.at..].chars().next() {
                Some(character) => format!("{character:?}"),
                None => "the end of the file".to_owned(),
            },
        };
        self.fault(format!("expected {expected}, found {found}"))
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn open(&mut self, bracket: u8, expected: &str) -> Result<(), Fault> {
        if self.peek() != Some(bracket) {
            return self.expected(expected);
        }
        if self.depth == self.deepest {
            return self
                .fault(format!("expected at most {} nested arrays and objects, found more", self.deepest));
        }
        self.at += 1;
        self.depth += 1;
        Ok(())
    }

    /// Reads an array; `element` reads the element whose index it is given.
    pub(crate) fn array<E: From<Fault>>(
        &mut self,
        mut element: impl FnMut(&mut Self, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open(b'[', "an array")?;
        if !self.eat(b']') {
            for index in 0.. {
                element(self, index)?;
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b']') => {
                        self.at += 1;
                        break;
                    }
                    _ => return Ok(self.expected("a comma or the end of the array")?),
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads an object; `value` reads the value of the key it is given. A key that comes twice is refused.
    pub(crate) fn object<E: From<Fault>>(
        &mut self,
        mut value: impl FnMut(&mut Self, &Cow<'a, str>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.open(b'{', "an object")?;
        let mut keys = HashSet::new();
        if !self.eat(b'}') {
            loop {
                if self.peek() != Some(b'"') {
                    return Ok(self.expected("a key in quotation marks")?);
                }
                let start = self.at;
                let key = self.string()?;
                if !self.eat(b':') {
                    return Ok(self.expected("a colon")?);
                }
                if keys.contains(&key) {
                    self.at = start;
                    return Ok(self.fault(format!("expected every key once, found {} again", quoted(&key)))?);
                }
                if keys.len() == Limits::KEYS {
                    self.at = start;
                    return Ok(self.fault(format!("expected at most {} keys, found more", Limits::KEYS))?);
                }
                value(self, &key)?;
                keys.insert(key);
                if self.eat(b'}') {
                    break;
                }
                if !self.eat(b',') {
                    return Ok(self.expected("a comma or the end of the object")?);
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a number and gives its text.
    pub(crate) fn number(&mut self) -> Result<&'a str, Fault> {
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            return self.expected("a number");
        }
        let bytes = &self.text.as_bytes()[self.at..];
        let digits_from = |start: usize| {
            let digits = bytes[start..].iter().position(|byte| !byte.is_ascii_digit());
            digits.map_or(bytes.len(), |digits| start + digits)
        };
        let whole = usize::from(bytes[0] == b'-');
        let mut end = digits_from(whole);
        let mut missing = if end == whole { Some("a digit") } else { None };
        if bytes[whole..end].starts_with(b"0") && end > whole + 1 {
            self.at += whole;
            return self.fault("expected a number without leading zeros");
        }
        if missing.is_none() && bytes.get(end) == Some(&b'.') {
            let start = end + 1;
            end = digits_from(start);
            missing = if end == start { Some("a digit after the decimal point") } else { None };
        }
        if missing.is_none() && matches!(bytes.get(end), Some(b'e' | b'E')) {
            let start = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            end = digits_from(start);
            missing = if end == start { Some("a digit of the exponent") } else { None };
        }
        let start = self.at;
        self.at += end;
        match missing {
            Some(missing) => self.expected(missing),
            None => Ok(&self.text[start..self.at]),
        }
    }

    /// Reads a finite f32, or nothing if something else comes.
    pub(crate) fn f32(&mut self) -> Option<f32> {
        let start = self.at;
        // `parse` knows more spellings than JSON; `number` lets only JSON's through.
        let value =
            self.number().ok().and_then(|text| text.parse::<f32>().ok()).filter(|value| value.is_finite());
        if value.is_none() {
            self.at = start;
        }
        value
    }

    /// Reads a string and resolves its escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        if !self.eat(b'"') {
            return self.expected("a string");
        }
        let bytes = self.text.as_bytes();
        let mut start = self.at;
        let mut resolved: Option<String> = None;
        loop {
            match bytes.get(self.at) {
                None => return self.fault("expected the end of a string, found the end of the file"),
                Some(b'"') => {
                    let rest = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(match resolved {
                        None => Cow::Borrowed(rest),
                        Some(text) => Cow::Owned(text + rest),
                    });
                }
                Some(b'\\') => {
                    let so_far = resolved.get_or_insert_default();
                    so_far.push_str(&self.text[start..self.at]);
                    self.at += 1;
                    let character = self.escape()?;
                    resolved.get_or_insert_default().push(character);
                    start = self.at;
                }
                Some(0..=0x1F) => return self.fault("expected no control characters in a string"),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let byte = self.text.as_bytes().get(self.at).copied();
        self.at += 1;
        Ok(match byte {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.four_digits()?;
                let low_half_follows = self.text[self.at..].starts_with("\\u");
                let code = if (0xD800..0xDC00).contains(&first) && low_half_follows {
                    self.at += 2;
                    let second = self.four_digits()?;
                    if !(0xDC00..0xE000).contains(&second) {
                        return self.fault("expected the second half of a surrogate pair");
                    }
                    0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                } else {
                    first
                };
                match char::from_u32(code) {
                    Some(character) => character,
                    None => return self.fault("expected a character, found half of a surrogate pair"),
                }
            }
            _ => {
                self.at -= 1;
                return self.fault("expected one of \" \\ / b f n r t u after a backslash");
            }
        })
    }

    fn four_digits(&mut self) -> Result<u32, Fault> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        match digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            Some(digits) => {
                self.at += 4;
                Ok(digits
                    .iter()
                    .fold(0, |code, &digit| code * 16 + char::from(digit).to_digit(16).unwrap_or(0)))
            }
            None => self.fault("expected four hexadecimal digits after \\u"),
        }
    }

    /// Reads over any value.
    pub(crate) fn skip(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'{' | b'[') if self.trusted => {
                self.skip_brackets();
                Ok(())
            }
            Some(b'{') => self.object(|cursor, _| cursor.skip()),
            Some(b'[') => self.array(|cursor, _| cursor.skip()),
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            _ => {
                for word in ["true", "false", "null"] {
                    if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                        self.at += word.len();
                        return Ok(());
                    }
                }
                for word in ["NaN", "nan", "Infinity", "inf"] {
                    if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                        return self.fault(format!("expected a finite number, found {word}"));
                    }
                }
                self.expected("a value")
            }
        }
    }

    /// Goes behind the bracket that belongs to the one here, in text known to be JSON.
    fn skip_brackets(&mut self) {
        let mut depth = 0_usize;
        let mut bytes = self.text.as_bytes()[self.at..].iter().enumerate();
        while let Some((offset, byte)) = bytes.next() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' if depth == 1 => {
                    self.at += offset + 1;
                    return;
                }
                b']' | b'}' => depth -= 1,
                b'"' => {
                    while let Some((_, byte)) = bytes.next() {
                        match byte {
                            b'"' => break,
                            b'\\' => drop(bytes.next()),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Reads `true` or `false`, or nothing if something else comes.
    pub(crate) fn boolean(&mut self) -> Option<bool> {
        let value = match self.peek() {
            Some(b't') => true,
            Some(b'f') => false,
            _ => return None,
        };
        self.skip().ok().map(|()| value)
    }

    /// Makes sure that nothing but white space is left.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.expected("the end of the file after the model"),
        }
    }
}

/// A string from a file as it may stand in a message: in quotation marks, escaped, not too long.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// The beginning of a text from a file.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}
