//! The form as a page shows it: what was typed, and what is wrong with it.

use actix_web::http::StatusCode;
use barrage::message::Text;
use serde_json::Value;

use super::words::Words;
use crate::api::Problem;
use crate::ask::{CONCURRENCY, DURATION, Field, MESSAGE, RATE, Raw};

/// One field of the form.
#[derive(Debug)]
pub(crate) struct FieldView {
    pub(crate) name: &'static str,
    /// The greatest value, or the most characters.
    pub(crate) most: usize,
    pub(crate) value: String,
    pub(crate) error: Option<String>,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct FormView {
    pub(crate) message: FieldView,
    pub(crate) concurrency: FieldView,
    pub(crate) duration: FieldView,
    /// It has no place on the page: links set it.
    pub(crate) rate: FieldView,
}

/// What the page says to whoever asks for it, or has sent its form.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<u64>,
    pub(crate) form: FormView,
    pub(crate) notice: Option<String>,
}

impl Answer {
    /// The form as it is opened; a link may fill it.
    pub(crate) fn open(raw: &Raw, words: &Words) -> Self {
        let mut form = FormView::of(raw, words, |_| None);
        // Nobody could mend it: it has no field that people see.
        if RATE.parse(&Value::from(form.rate.value.as_str())).is_err() {
            form.rate.value = RATE.default.to_string();
        }
        Self { status: StatusCode::OK, retry_after: None, form, notice: None }
    }

    /// The form as it comes back with what was typed.
    pub(crate) fn refused(raw: &Raw, problem: &Problem, words: &Words) -> Self {
        let form = FormView::of(raw, words, |name| {
            let error = problem.errors.iter().find(|error| error.field == name)?;
            error.wrong.map(|wrong| words.wrong(wrong))
        });
        let notice = match (&form.rate.error, form.marked().count()) {
            (Some(error), _) => words.wrong_rate.with(error),
            (None, 0) => words.refusal(problem),
            (None, fields) => words.nothing_sent.with(fields),
        };
        let (status, retry_after) = (problem.status(), problem.retry_after());
        Self { status, retry_after, form, notice: Some(notice) }
    }
}

impl FormView {
    /// A form names a field by its name. A link may do so by the first letter, which spares a QR code dots.
    fn of(raw: &Raw, words: &Words, error: impl Fn(&str) -> Option<String>) -> Self {
        let typed =
            |name: &str| raw.get(name).or_else(|| raw.get(&name[..1])).and_then(Value::as_str);
        let field = |name, most, default| {
            let value = typed(name).map_or(default, str::to_owned);
            FieldView { name, most, value, error: error(name) }
        };
        let number = |it: Field| field(it.name, it.max as usize, it.default.to_string());
        Self {
            message: field(MESSAGE, Text::MAX_CHARS, words.greeting.to_owned()),
            concurrency: number(CONCURRENCY),
            duration: number(DURATION),
            rate: number(RATE),
        }
    }

    /// The fields on the page that are wrong.
    fn marked(&self) -> impl Iterator<Item = &FieldView> {
        let seen = [&self.message, &self.concurrency, &self.duration];
        seen.into_iter().filter(|field| field.error.is_some())
    }

    /// Whether it is the one to correct first.
    pub(crate) fn is_first_wrong(&self, field: &FieldView) -> bool {
        self.marked().next().is_some_and(|first| first.name == field.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ask::Ask;
    use crate::page::words::{EN, ZH};

    fn raw(value: Value) -> Raw {
        value.as_object().unwrap().clone()
    }

    fn refused(typed: Value, words: &Words) -> Answer {
        let raw = raw(typed);
        Answer::refused(&raw, &Problem::fields(Ask::parse(&raw).unwrap_err()), words)
    }

    #[test]
    fn a_link_fills_the_form_by_names_or_by_their_first_letters() {
        let form =
            Answer::open(&raw(json!({ "c": "1", "duration": "7", "d": "8", "r": "2" })), &EN).form;
        let values = [&form.message, &form.concurrency, &form.duration, &form.rate];
        assert_eq!(values.map(|field| field.value.as_str()), ["hello barrage", "1", "7", "2"]);
        let form = Answer::open(&raw(json!({ "m": "hi" })), &ZH).form;
        assert_eq!((form.message.value.as_str(), form.concurrency.value.as_str()), ("hi", "10"));
    }

    #[test]
    fn a_refused_form_is_marked_in_the_language_of_its_page() {
        let answer = refused(json!({ "message": "", "concurrency": "250" }), &ZH);
        assert_eq!(answer.form.message.error.as_deref(), Some("请输入 1 到 100 个字符。"));
        assert_eq!(answer.form.concurrency.error.as_deref(), Some("请填 1 到 100 的整数。"));
        assert!(answer.notice.is_some_and(|text| text.contains("2 项")));
        assert!(answer.form.is_first_wrong(&answer.form.message));
        assert!(!answer.form.is_first_wrong(&answer.form.concurrency));
    }

    #[test]
    fn what_is_wrong_with_the_rate_is_said_in_the_strip() {
        let answer = refused(json!({ "message": "hi", "rate": "0" }), &EN);
        let said = "Nothing was sent. Rate of each sender: Whole number, 1 to 1000.";
        assert_eq!(answer.notice.as_deref(), Some(said));
    }

    #[test]
    fn a_refusal_without_a_field_says_when_to_try_again() {
        let answer = Answer::refused(&Raw::new(), &Problem::kafka_away(), &ZH);
        assert_eq!(answer.notice.as_deref(), Some("Kafka 暂时无法接收，请 2 秒后再试。"));
        assert_eq!(answer.retry_after, Some(2));
    }
}
