//! A gateway with TLS, and a barrage behind it that stores whatever it accepts.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::{ServiceRequest, fn_service},
    http::header::{AUTHORIZATION, LOCATION},
    web,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio::net::{TcpListener as AsyncListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};

/// What the gateway lets pass: `Basic` with user `ann` and this password.
pub(crate) const PASSWORD: &str = "se@cret/word";
pub(crate) const IN_URL: &str = "ann:se%40cret%2Fword";
pub(crate) const BASIC: &str = "YW5uOnNlQGNyZXQvd29yZA==";

/// What the barrage has been told.
#[derive(Debug, Default)]
struct Barrage {
    messages: Mutex<Vec<Value>>,
    /// Paths of requests without the user and the password of the gateway, or not below its path.
    refused: Mutex<Vec<String>>,
}

#[derive(Debug)]
pub(crate) struct Gateway {
    /// With TLS, for `localhost` alone.
    pub(crate) tls: SocketAddr,
    pub(crate) plain: SocketAddr,
    /// The certificate of its authority, as PEM.
    pub(crate) authority: String,
    barrage: Arc<Barrage>,
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        let barrage = Arc::<Barrage>::default();
        let plain = serve(barrage.clone());
        let issuer = issuer();
        let tls = listen(acceptor(&issuer), plain).await;
        Self { tls, plain, authority: issuer.pem(), barrage }
    }

    pub(crate) fn refused(&self) -> Vec<String> {
        self.barrage.refused.lock().unwrap().clone()
    }

    pub(crate) fn accepted(&self) -> usize {
        self.barrage.messages.lock().unwrap().len()
    }
}

fn issuer() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn acceptor(issuer: &CertifiedIssuer<'static, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Takes TLS off each connection. Ends with the runtime of the test.
async fn listen(acceptor: TlsAcceptor, to: SocketAddr) -> SocketAddr {
    let listener = AsyncListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut outer = acceptor.accept(connection).await?;
                let mut inner = TcpStream::connect(to).await?;
                tokio::io::copy_bidirectional(&mut outer, &mut inner).await
            });
        }
    });
    address
}

/// Serves on a thread of its own, which ends with the program.
fn serve(barrage: Arc<Barrage>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let app = move || {
        let to = |status: u16, location: &'static str| {
            web::to(move || async move {
                let mut answer = HttpResponse::build(status.try_into().unwrap());
                answer.insert_header((LOCATION, location)).content_type("text/html").body("<html>")
            })
        };
        App::new()
            .app_data(web::Data::from(barrage.clone()))
            .route("/moved/{rest:.*}", to(301, "https://localhost/barrage/openapi.json"))
            .route("/login/{rest:.*}", to(302, "https://login.host/form?state=s3cr3t"))
            .route("/down/{rest:.*}", to(502, ""))
            .route("/portal/{rest:.*}", to(200, ""))
            .service(web::scope("/barrage").configure(barrage_routes))
            .default_service(fn_service(refuse))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
    thread::spawn(move || actix_web::rt::System::new().block_on(server));
    address
}

async fn refuse(
    request: ServiceRequest,
) -> Result<actix_web::dev::ServiceResponse, actix_web::Error> {
    let barrage = request.app_data::<web::Data<Barrage>>().unwrap();
    barrage.refused.lock().unwrap().push(request.path().into());
    Ok(request.into_response(HttpResponse::NotFound().finish()))
}

fn barrage_routes(routes: &mut web::ServiceConfig) {
    let route = |answer: fn(&Barrage, &HttpRequest, &[u8]) -> HttpResponse| {
        web::to(
            move |barrage: web::Data<Barrage>, request: HttpRequest, body: web::Bytes| async move {
                let header = request.headers().get(AUTHORIZATION);
                let expected = format!("Basic {BASIC}");
                if header.is_some_and(|value| value.as_bytes() == expected.as_bytes()) {
                    return answer(&barrage, &request, &body);
                }
                barrage.refused.lock().unwrap().push(request.path().into());
                HttpResponse::Unauthorized().content_type("text/html").body("<html>")
            },
        )
    };
    routes
        .route(
            "/openapi.json",
            route(|_, _, _| HttpResponse::Ok().json(json!({ "info": { "title": "Barrage API" } }))),
        )
        .route("/metrics", route(|_, _, _| HttpResponse::Ok().body("homepage_waiting_records 0\n")))
        .route(
            "/messages",
            route(|barrage, _, body| HttpResponse::Accepted().json(accept(barrage, body))),
        )
        .route(
            "/messages/0/{offset}",
            route(|barrage, request, _| {
                let offset: usize = request.match_info().query("offset").parse().unwrap();
                let row = barrage.messages.lock().unwrap()[offset].clone();
                HttpResponse::Ok().json(json!({ "state": "stored", "row": row }))
            }),
        )
        .route("/feed", route(|_, _, _| HttpResponse::Ok().json(feed())));
}

fn accept(barrage: &Barrage, body: &[u8]) -> Value {
    let body: Value = serde_json::from_slice(body).unwrap();
    let (id, mut messages) = (uuid::Uuid::new_v4(), barrage.messages.lock().unwrap());
    let offset = messages.len();
    messages.push(json!({
        "id": id, "message": body["message"], "burst": id, "sender": 1, "seq": 1, "processor": "p",
        "partition": 0, "offset": offset, "sent_at": 0, "received_at": 0, "stored_at": 0,
        "verdict": "shown",
    }));
    json!({ "id": id, "partition": 0, "offset": offset })
}

/// Never has a bullet, so the load tester requests the result of each message.
fn feed() -> Value {
    json!({
        "bullets": [], "cursor": "c", "passed": 0, "problems": [], "processors": ["p"],
        "poll_after_ms": 200, "now": 0,
        "totals": {
            "since": null, "accepted": 0, "stored": 0, "blocked": 0, "finished_without_row": 0,
            "waiting": 0,
        },
    })
}
