//! What a collector receives, by a collector that decodes it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    routing::{get, post},
};
use http::{HeaderMap, Request, StatusCode};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use service_kit::{
    front::Front,
    serve::Limits,
    telemetry::{self, LogFormat},
    traces::{self, TracesConfig},
};
use tokio::{net::TcpListener, sync::Mutex};
use tracing::Instrument;

type Batches = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

async fn collect(State(batches): State<Batches>, headers: HeaderMap, body: Bytes) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let batch = ExportTraceServiceRequest::decode(body).unwrap();
    batches.lock().await.push(batch);
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let attribute = attributes.iter().find(|attribute| attribute.key == key);
    let value = attribute.and_then(|attribute| attribute.value.as_ref()?.value.as_ref());
    match value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{key}: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_receives_a_span_of_each_request_within_its_callers_trace() {
    let batches = Batches::default();
    let collector = Router::new()
        .route("/v1/traces", post(collect))
        .with_state(batches.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, collector));

    let asked = async || {
        let store = traces::child("queue-store claim");
        async {}.instrument(store).await;
        "answer"
    };
    let routes = Router::new()
        .route("/v1/events/{event}/admission", get(asked))
        .route("/broken", get(async || StatusCode::BAD_GATEWAY));
    let front = Front::new(routes, Limits::default());
    let ask = async |path: &str, traceparent: Option<&str>| {
        let mut request = Request::get(path);
        if let Some(traceparent) = traceparent {
            request = request.header("traceparent", traceparent);
        }
        let request = request.header("authorization", "Bearer secret-of-a-fan");
        front.answer(request.body(Body::empty()).unwrap()).await;
    };

    // Before anybody asked for traces there are none.
    ask("/v1/events/early/admission", None).await;
    let config = TracesConfig {
        endpoint: endpoint.parse().unwrap(),
        ratio: 1.0,
    };
    let traces = telemetry::init_logs_and_traces("off", LogFormat::Json, "kit", Some(&config));
    let traces = traces.unwrap().expect("traces");
    // Whether it is kept is not for the caller to say, here by its last digit.
    let traceparent = format!("00-{TRACE}-{CALLER}-00");
    ask("/v1/events/aurora/admission", Some(&traceparent)).await;
    ask("/broken", Some("no-trace-at-all")).await;
    traces.end().await;
    ask("/v1/events/late/admission", None).await;

    let batches = batches.lock().await;
    let resources = batches.iter().flat_map(|batch| &batch.resource_spans);
    let spans: Vec<&Span> = resources
        .clone()
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| &scope.spans)
        .collect();
    for resource in resources {
        let resource = resource.resource.as_ref().unwrap();
        assert_eq!(text(&resource.attributes, "service.name"), "kit");
    }
    assert!(!format!("{batches:?}").contains("secret-of-a-fan"));
    let by_name: HashMap<&str, &Span> = spans
        .iter()
        .map(|span| (span.name.as_str(), *span))
        .collect();
    assert_eq!(by_name.len(), spans.len());

    let request = by_name["GET /v1/events/{event}/admission"];
    assert_eq!(hex(&request.trace_id), TRACE);
    assert_eq!(hex(&request.parent_span_id), CALLER);
    assert_eq!(request.kind, SpanKind::Server as i32);
    assert_eq!(text(&request.attributes, "http.request.method"), "GET");
    assert_eq!(
        text(&request.attributes, "http.route"),
        "/v1/events/{event}/admission"
    );
    assert_eq!(
        text(&request.attributes, "http.response.status_code"),
        "200"
    );
    assert!(request.end_time_unix_nano >= request.start_time_unix_nano);

    let store = by_name["queue-store claim"];
    assert_eq!(store.trace_id, request.trace_id);
    assert_eq!(store.parent_span_id, request.span_id);

    let broken = by_name["GET /broken"];
    assert_ne!(hex(&broken.trace_id), TRACE);
    assert_eq!(broken.parent_span_id, [0; 0]);
    assert_eq!(broken.status.as_ref().unwrap().code, 2);
    assert_eq!(spans.len(), 3, "{:?}", by_name.keys());
}

async fn serve(listener: TcpListener, routes: Router) {
    let front = Front::new(routes, Limits::default());
    service_kit::serve::serve(listener, front, Default::default()).await;
}
