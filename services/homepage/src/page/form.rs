//! The form as a page shows it: what was typed, and the error of each refused field.

use barrage::message::{Name, Text};
use serde_json::Value;

use super::translations::Translations;
use crate::request::{CONCURRENCY, DURATION, Field, FieldErrors, MESSAGE, NAME, RATE, RawFields};

/// One field of the form.
#[derive(Debug)]
pub(crate) struct FieldView {
    pub(crate) name: &'static str,
    /// The greatest number, or the most characters.
    pub(crate) max: usize,
    pub(crate) value: String,
    pub(crate) error: Option<String>,
}

/// All fields of the form.
#[derive(Debug)]
pub(crate) struct FormView {
    pub(crate) message: FieldView,
    pub(crate) concurrency: FieldView,
    pub(crate) duration: FieldView,
    /// A hidden input: only a link or a script sets it.
    pub(crate) rate: FieldView,
}

impl FormView {
    /// The form of a page that is opened. The parameters of the address may fill it.
    pub(crate) fn open(raw: &RawFields, translations: &Translations) -> Self {
        let mut form = Self::new(raw, &FieldErrors::new(), translations);
        // Nobody could correct an invalid rate: its input is hidden.
        if RATE.parse(&Value::from(form.rate.value.as_str())).is_err() {
            form.rate.value = RATE.default.to_string();
        }
        form
    }

    /// The form with what was typed, and with these errors. A form sends each field's full name. A link may use
    /// the first letter alone, which makes a QR code smaller.
    pub(crate) fn new(raw: &RawFields, errors: &FieldErrors, translations: &Translations) -> Self {
        let typed =
            |name: &str| raw.get(name).or_else(|| raw.get(&name[..1])).and_then(Value::as_str);
        let field = |name, max, default| {
            let value = typed(name).map_or(default, str::to_owned);
            let error = errors.get(name).map(|error| translations.field_error(*error));
            FieldView { name, max, value, error }
        };
        let number = |it: Field| field(it.name, it.max as usize, it.default.to_string());
        Self {
            message: field(MESSAGE, Text::MAX_CHARS, translations.greeting.to_owned()),
            concurrency: number(CONCURRENCY),
            duration: number(DURATION),
            rate: number(RATE),
        }
    }

    /// What the page says below a form with errors; nothing when there are none.
    pub(crate) fn notice(&self, translations: &Translations) -> Option<String> {
        match (&self.rate.error, self.marked().count()) {
            (Some(error), _) => Some(translations.invalid_rate.with(error)),
            (None, 0) => None,
            (None, fields) => Some(translations.nothing_sent.with(fields)),
        }
    }

    /// The visible fields with an error.
    fn marked(&self) -> impl Iterator<Item = &FieldView> {
        let visible = [&self.message, &self.concurrency, &self.duration];
        visible.into_iter().filter(|field| field.error.is_some())
    }

    /// Whether this field is the first with an error, which gets the focus.
    pub(crate) fn is_first_error(&self, field: &FieldView) -> bool {
        self.marked().next().is_some_and(|first| first.name == field.name)
    }
}

/// The fields of the guest's page.
#[derive(Debug)]
pub(crate) struct GuestForm {
    pub(crate) name: FieldView,
    pub(crate) message: FieldView,
}

impl GuestForm {
    /// The form with what was typed, and with these errors.
    pub(crate) fn new(raw: &RawFields, errors: &FieldErrors, translations: &Translations) -> Self {
        let field = |name, max| {
            let value = raw.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let error = errors.get(name).map(|error| translations.field_error(*error));
            FieldView { name, max, value, error }
        };
        Self { name: field(NAME, Name::MAX_CHARS), message: field(MESSAGE, Text::MAX_CHARS) }
    }

    /// Whether this field is the first with an error, which gets the focus. The message comes first: it has been typed
    /// last.
    pub(crate) fn is_first_error(&self, field: &FieldView) -> bool {
        self.marked().next().is_some_and(|first| first.name == field.name)
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.marked().next().is_some()
    }

    fn marked(&self) -> impl Iterator<Item = &FieldView> {
        [&self.message, &self.name].into_iter().filter(|field| field.error.is_some())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::page::translations::{EN, ZH};
    use crate::request::{BurstRequest, MessageRequest};

    fn raw(value: Value) -> RawFields {
        value.as_object().unwrap().clone()
    }

    fn refused(typed: Value, translations: &Translations) -> FormView {
        let raw = raw(typed);
        FormView::new(&raw, &BurstRequest::parse(&raw).unwrap_err(), translations)
    }

    #[test]
    fn a_link_fills_the_form_by_names_or_by_their_first_letters() {
        let typed = json!({ "c": "1", "duration": "7", "d": "8", "r": "2" });
        let form = FormView::open(&raw(typed), &EN);
        let values = [&form.message, &form.concurrency, &form.duration, &form.rate];
        assert_eq!(values.map(|field| field.value.as_str()), ["hello barrage", "1", "7", "2"]);
        let form = FormView::open(&raw(json!({ "m": "hi" })), &ZH);
        assert_eq!((form.message.value.as_str(), form.concurrency.value.as_str()), ("hi", "10"));
    }

    #[test]
    fn a_refused_form_is_marked_in_the_language_of_its_page() {
        let form = refused(json!({ "message": "", "concurrency": "250" }), &ZH);
        assert_eq!(form.message.error.as_deref(), Some("请输入 1 到 100 个字符。"));
        assert_eq!(form.concurrency.error.as_deref(), Some("请填 1 到 100 的整数。"));
        assert!(form.notice(&ZH).is_some_and(|text| text.contains("2 项")));
        let long = refused(json!({ "message": "弹".repeat(130) }), &ZH);
        assert_eq!(long.message.error.as_deref(), Some("多了 30 个字符，最多 100 个。"));
        assert!(form.is_first_error(&form.message));
        assert!(!form.is_first_error(&form.concurrency));
    }

    #[test]
    fn an_invalid_rate_is_reported_in_the_notice() {
        let form = refused(json!({ "message": "hi", "rate": "0" }), &EN);
        let notice = "Nothing was sent. Rate of each sender: Whole number, 1 to 1000.";
        assert_eq!(form.notice(&EN).as_deref(), Some(notice));
    }

    #[test]
    fn the_form_of_a_guest_keeps_what_was_typed_beside_its_errors() {
        let raw = raw(json!({ "message": "x".repeat(130), "name": "n".repeat(21), "rate": "0" }));
        let errors = MessageRequest::parse(&raw).unwrap_err();
        let form = GuestForm::new(&raw, &errors, &EN);
        assert_eq!((form.message.value.len(), form.name.value.len()), (130, 21));
        assert!(form.message.error.is_some() && form.name.error.is_some() && form.has_errors());
        assert!(form.is_first_error(&form.message) && !form.is_first_error(&form.name));
    }

    #[test]
    fn the_form_of_a_guest_is_empty_when_the_page_is_opened() {
        let form = GuestForm::new(&RawFields::new(), &FieldErrors::new(), &EN);
        assert_eq!((form.message.value.as_str(), form.name.value.as_str()), ("", ""));
        assert!(!form.has_errors() && !form.is_first_error(&form.message));
    }

    #[test]
    fn a_form_without_an_error_has_no_notice() {
        assert_eq!(FormView::open(&RawFields::new(), &EN).notice(&EN), None);
    }
}
