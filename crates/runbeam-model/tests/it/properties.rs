//! What holds for any id, path, reference and page.

use http::Method;
use proptest::prelude::*;
use runbeam_model::{
    AnyJson, ApiRequest, Gateway, GatewayId, ListResources, Lookup, Operation, Page, Paged,
    ResourceReference, Secret, ShowResource,
};
use serde_json::json;

fn uri(request: &ApiRequest) -> http::Uri {
    let base = "https://api.runbeam.io".parse().unwrap();
    let http = request.to_http(&base, &Secret::from("1|t")).unwrap();
    http.uri().clone()
}

/// What a server takes a segment for.
fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

proptest! {
    #[test]
    fn any_id_stays_in_its_place(text in ".{0,300}") {
        let Ok(id) = text.parse::<GatewayId>() else {
            // What is refused could not stand there, or is too long.
            let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '\\');
            prop_assert!(text.is_empty() || text.chars().count() > 255 || text.contains(odd)
                || matches!(text.as_str(), "." | ".."));
            return Ok(());
        };
        let uri = uri(&ShowResource::<Gateway>::new(id).request());
        let segments: Vec<&str> = uri.path().split('/').collect();
        prop_assert_eq!(&segments[..3], ["", "api", "gateways"]);
        prop_assert_eq!(segments.len(), 4);
        prop_assert_eq!(decoded(segments[3]), text);
        prop_assert_eq!((uri.host(), uri.query()), (Some("api.runbeam.io"), None));
    }

    #[test]
    fn any_segments_and_parameters_stay_apart(
        segments in proptest::collection::vec(".{1,20}", 1..5),
        parameters in proptest::collection::vec((".{1,20}", ".{0,20}"), 0..4),
    ) {
        let mut request = ApiRequest::new(Method::GET, segments.iter().map(String::as_str));
        for (name, value) in &parameters {
            request = request.with_query(name, value);
        }
        let uri = uri(&request);
        let seen: Vec<String> = uri.path().split('/').skip(2).map(decoded).collect();
        let expected: Vec<String> = segments
            .into_iter()
            .map(|segment| if matches!(segment.as_str(), "." | "..") { " ".to_owned() } else { segment })
            .collect();
        prop_assert_eq!(seen, expected);
        let pairs: Vec<(String, String)> = uri
            .query()
            .into_iter()
            .flat_map(|query| query.split('&'))
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect();
        prop_assert_eq!(pairs, parameters);
    }

    #[test]
    fn any_id_is_read_as_it_was_written(text in "[^\\s/\\\\\\p{Cc}]{1,60}", number in any::<u64>()) {
        prop_assume!(text != "." && text != "..");
        let id: GatewayId = text.parse().unwrap();
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(serde_json::from_str::<GatewayId>(&json).unwrap(), id);
        let by_number: GatewayId = serde_json::from_str(&number.to_string()).unwrap();
        prop_assert_eq!(by_number.as_str(), number.to_string());
    }

    #[test]
    fn any_reference_is_refused_or_means_what_it_prints(text in "[a-zA-Z. ]{0,24}|([a-z]{0,3}\\.){0,3}(name|id|mesh|x)(\\.[a-z]{0,3}){0,2}") {
        let Ok(reference) = text.parse::<ResourceReference>() else {
            return Ok(());
        };
        prop_assert!(reference.to_string().eq_ignore_ascii_case(&text));
        prop_assert_eq!(&reference.to_string().parse::<ResourceReference>().unwrap(), &reference);
        let (Lookup::Id(value) | Lookup::Name(value)) = reference.lookup() else {
            unreachable!()
        };
        prop_assert!(text.ends_with(&**value));
        prop_assert_eq!(reference.is_local(), !text.contains('.'));
    }

    #[test]
    fn pages_follow_each_other_to_the_last(current in 0u32..50, last in 0u32..50, rows in 0usize..3) {
        let page: Page<AnyJson> = serde_json::from_value(json!({
            "data": vec![json!({}); rows],
            "meta": { "current_page": current, "last_page": last, "per_page": 1, "total": last },
        })).unwrap();
        match page.next_page() {
            Some(next) => prop_assert!(next == current + 1 && next <= last),
            None => prop_assert!(current >= last),
        }
        let asked = ListResources::<Gateway>::new().with_page(current).with_per_page(last);
        prop_assert_eq!(
            uri(&asked.request()).query().unwrap().to_owned(),
            format!("page={current}&per_page={last}")
        );
    }

    #[test]
    fn reading_anything_as_a_page_never_panics(text in ".{0,60}", number in any::<f64>()) {
        let _ = serde_json::from_str::<Page<Gateway>>(&text);
        let odd = json!({ "data": [{ "id": text, "enabled": number, "dns": [number, text] }], "meta": { "total": number } });
        if let Ok(page) = serde_json::from_value::<Page<Gateway>>(odd) {
            prop_assert_eq!(page.data.len(), 1);
        }
    }
}
