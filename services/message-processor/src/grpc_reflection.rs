//! Server reflection: it describes the services on this port, so that a tool such as grpcurl needs no proto file.

use proto::FILE_DESCRIPTOR_SET;
use tonic::service::RoutesBuilder;
use tonic_reflection::server::Builder;

/// Adds both versions of the protocol. Many tools know only the older one.
pub(crate) fn add_to(routes: &mut RoutesBuilder) {
    let v1 = builder().build_v1().expect("the descriptors are valid");
    let v1alpha = builder().build_v1alpha().expect("the descriptors are valid");
    routes.add_service(v1).add_service(v1alpha);
}

fn builder() -> Builder<'static> {
    Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
