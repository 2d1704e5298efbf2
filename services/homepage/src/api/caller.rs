//! Who has sent a request, and which trace it continues.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::problem::Problem;
use crate::caller_trace::CallerTrace;
use crate::device::{Client, Visit};
use crate::limits::{ClientLimits, LimitExceeded};
use crate::proxies::Origin;

/// Who the client of a request is. Whoever names a client, for a limit or in a log, takes it from here; [`Origin::of`]
/// decides it.
#[derive(Debug)]
pub(super) struct Caller {
    /// `None` for a connection without an address.
    pub(super) address: Option<IpAddr>,
    /// The device that it comes from, or the one that the answer makes known.
    pub(super) visit: Visit,
    pub(super) trace: Option<CallerTrace>,
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let origin = Origin::of(request);
        let trace = CallerTrace::of(request.headers(), origin.is_by_trusted_proxy);
        ready(Ok(Self { address: origin.client, visit: Visit::of(request), trace }))
    }
}

impl Caller {
    /// Whom limits count. The device only if the request names it: else a program that keeps no cookie would be a new
    /// device with each request.
    pub(super) fn client(&self) -> Client {
        Client::new(self.visit.known(), self.address)
    }

    /// Counts a request that Kafka or the table must answer, so that nobody overloads them. Fails if the client makes too
    /// many of them.
    pub(super) fn count_lookup(&self, clients: &ClientLimits) -> Result<(), LimitExceeded> {
        self.address.map_or(Ok(()), |address| clients.count_lookup(address))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::web::{self, Data};
    use actix_web::{App, HttpResponse};

    use super::*;
    use crate::config::Limits;
    use crate::proxies::TrustedProxies;

    async fn send(caller: Caller, clients: Data<ClientLimits>) -> Result<HttpResponse, Problem> {
        clients.count_send(caller.address.expect("it has an address"))?;
        Ok(HttpResponse::Accepted().finish())
    }

    /// How many of 300 people are accepted who send one message each, all from one address: the proxy's, or that of
    /// somebody who forges the header.
    async fn accepted(trusted: &str, peer: &str) -> usize {
        let client_rate = const { NonZeroU32::new(100).unwrap() };
        let limits = Limits { bursts: 1, rate: 1, client_rate, cooldown: Duration::ZERO };
        let app = App::new()
            .app_data(Data::new(trusted.parse::<TrustedProxies>().unwrap()))
            .app_data(Data::new(ClientLimits::new(limits)))
            .route("/messages", web::post().to(send));
        let app = init_service(app).await;
        let mut accepted = 0;
        for person in 0..300 {
            let address = format!("203.0.{}.{}", person / 200, person % 200 + 1);
            let request = TestRequest::post().uri("/messages").peer_addr(peer.parse().unwrap());
            let request = request.insert_header(("x-forwarded-for", address)).to_request();
            let status = call_service(&app, request).await.status();
            accepted += usize::from(status == StatusCode::ACCEPTED);
        }
        accepted
    }

    #[actix_web::test]
    async fn three_hundred_people_behind_a_trusted_proxy_are_three_hundred_clients() {
        assert_eq!(accepted("10.0.0.1", "10.0.0.1:4000").await, 300);
    }

    #[actix_web::test]
    async fn somebody_who_forges_the_header_of_a_proxy_stays_one_client() {
        assert!(accepted("10.0.0.1", "10.0.0.2:4000").await < 300);
    }
}
