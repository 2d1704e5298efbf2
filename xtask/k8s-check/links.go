// What one object says of another: names, ports and addresses that must be there, and values that must be the same.
package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
)

func find[T any](b *build, name string) (found T, is bool) {
	for _, object := range b.objects {
		if value, right := object.value.(T); right && object.name == name {
			return value, true
		}
	}
	return found, false
}

func (b *build) has(version, kind, name string) bool {
	return slices.ContainsFunc(b.objects, func(it object) bool { return it.version == version && it.title == kind+"/"+name })
}

func (b *build) checkLinks(it object, programs *programs) {
	fault := func(where, format string, values ...any) { b.fault(it.title, where, format, values...) }
	for _, address := range addresses(it.text) {
		b.checkAddress(address, fault)
	}
	switch value := it.value.(type) {
	case *corev1.Service:
		b.checkService(value, fault)
	case *policyv1.PodDisruptionBudget:
		if selector, err := metav1.LabelSelectorAsSelector(value.Spec.Selector); err == nil && len(b.selected(selector)) == 0 {
			fault("spec.selector", "it selects no pod")
		}
	case *appsv1.StatefulSet:
		if _, is := find[*corev1.Service](b, value.Spec.ServiceName); !is {
			fault("spec.serviceName", "there is no Service/%s", value.Spec.ServiceName)
		}
	case *networkingv1.Ingress:
		b.checkIngress(value, fault)
	case *networkingv1.NetworkPolicy:
		b.checkPolicy(&value.Spec, fault)
	case *autoscalingv2.HorizontalPodAutoscaler:
		b.checkTarget(value.Spec.ScaleTargetRef.Name, fault)
	case *scaledObject:
		b.checkTarget(value.Spec.ScaleTargetRef.Name, fault)
		b.checkTriggers(value, programs, fault)
	case *triggerAuthentication:
		for _, from := range value.Spec.SecretTargetRef {
			b.content(it.title, "spec.secretTargetRef", "Secret", from.Name, from.Key)
		}
	case *kafkaSource:
		b.checkSource(it.title, value, programs, fault)
	}
}

// selected returns the first container of each workload whose pods have these labels.
func (b *build) selected(selector labels.Selector) (found []*corev1.Container) {
	for _, object := range b.objects {
		if it := podOf(object); it != nil && selector.Matches(labels.Set(it.meta.Labels)) && len(it.spec.Containers) > 0 {
			found = append(found, &it.spec.Containers[0])
		}
	}
	return found
}

func (b *build) checkService(service *corev1.Service, fault report) {
	pods := b.selected(labels.SelectorFromSet(service.Spec.Selector))
	if len(pods) == 0 && len(service.Spec.Selector) > 0 {
		fault("spec.selector", "it selects no pod")
	}
	for _, pod := range pods {
		for _, port := range service.Spec.Ports {
			target := port.TargetPort
			if target == (intstr.IntOrString{}) {
				target = intstr.FromInt32(port.Port)
			}
			if containerPort(pod, target) == 0 {
				fault("spec.ports["+port.Name+"].targetPort", "container %s has no port %s", pod.Name, target.String())
			}
		}
	}
}

func (b *build) checkIngress(ingress *networkingv1.Ingress, fault report) {
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for _, path := range rule.HTTP.Paths {
			backend := path.Backend.Service
			if backend == nil {
				continue
			}
			service, is := find[*corev1.Service](b, backend.Name)
			if !is || !hasPort(service, backend.Port.Name, backend.Port.Number) {
				fault("spec.rules.http.paths.backend", "there is no Service/%s with the port %s%d",
					backend.Name, backend.Port.Name, backend.Port.Number)
			}
		}
	}
}

// checkPolicy finds labels that no pod has: what the policy should allow is forbidden then.
func (b *build) checkPolicy(policy *networkingv1.NetworkPolicySpec, fault report) {
	selects := func(where string, pods *metav1.LabelSelector) {
		if selector, err := metav1.LabelSelectorAsSelector(pods); err == nil && len(b.selected(selector)) == 0 {
			fault(where, "it selects no pod")
		}
	}
	// Pods of other namespaces are not in the build, and local/dependencies by itself has none of ours.
	peers := func(where string, peers []networkingv1.NetworkPolicyPeer) {
		for _, peer := range peers {
			if peer.PodSelector != nil && peer.NamespaceSelector == nil && len(b.settings) > 0 {
				selects(where, peer.PodSelector)
			}
		}
	}
	selects("spec.podSelector", &policy.PodSelector)
	for _, rule := range policy.Ingress {
		peers("spec.ingress.from.podSelector", rule.From)
	}
	for _, rule := range policy.Egress {
		peers("spec.egress.to.podSelector", rule.To)
	}
}

func hasPort(service *corev1.Service, name string, number int32) bool {
	for _, port := range service.Spec.Ports {
		if port.Port == number || (name != "" && port.Name == name) {
			return true
		}
	}
	return false
}

func (b *build) checkTarget(name string, fault report) {
	deployment, is := find[*appsv1.Deployment](b, name)
	if !is {
		fault("spec.scaleTargetRef", "there is no Deployment/%s", name)
	} else if deployment.Spec.Replicas != nil {
		fault("spec.scaleTargetRef", "Deployment/%s has replicas: each apply would undo the scaling", name)
	}
}

// inCluster finds addresses of Services, long as NAME.NAMESPACE.svc.cluster.local:PORT and short as //NAME:PORT.
var inCluster = []*regexp.Regexp{
	regexp.MustCompile(`([a-z][a-z0-9-]*)\.([a-z0-9-]+)\.svc\.cluster\.local(?::(\d+))?`),
	regexp.MustCompile(`//([a-z][a-z0-9-]*)()(?::(\d+))?(?m:[/",]|$)`),
}

func addresses(text string) (found [][]string) {
	for _, pattern := range inCluster {
		found = append(found, pattern.FindAllStringSubmatch(text, -1)...)
	}
	return found
}

// checkAddress takes an address, with its name, namespace and port.
func (b *build) checkAddress(address []string, fault report) {
	name, namespace := address[1], address[2]
	port, err := strconv.ParseInt(address[3], 10, 32)
	if err != nil {
		port = 80
	}
	service, isPlain := find[*corev1.Service](b, name)
	_, isKnative := find[*servingv1.Service](b, name)
	switch {
	case name == "localhost":
	case namespace != "" && namespace != b.namespace:
		fault(address[0], "the namespace is %s", b.namespace)
	case isKnative && port == 80:
	case !isPlain || !hasPort(service, "", int32(port)):
		fault(address[0], "there is no Service/%s with the port %d", name, port)
	}
}

// kafka returns a variable for Kafka. Where the router does not run, the homepage has them, except the group.
func (b *build) kafka(programs *programs, name string) string {
	if set, is := b.settings["event-router"]; is {
		return programs.value("event-router", set, name)
	}
	if _, is := programs.defaults["homepage"][name]; is {
		return programs.value("homepage", b.settings["homepage"], name)
	}
	return programs.defaults["event-router"][name]
}

func (b *build) checkSource(title string, source *kafkaSource, programs *programs, fault report) {
	spec, protocol := &source.Spec, b.kafka(programs, "KAFKA_SECURITY_PROTOCOL")
	same := func(where, is, name string) {
		if should := b.kafka(programs, name); is != should {
			fault("spec."+where, "it is %q, but %s is %q", is, name, should)
		}
	}
	same("bootstrapServers", strings.Join(spec.BootstrapServers, ","), "KAFKA_SERVER")
	same("topics", strings.Join(spec.Topics, ","), "KAFKA_TOPIC")
	same("consumerGroup", spec.ConsumerGroup, "KAFKA_GROUP")
	tls, users := strings.Contains(protocol, "SSL"), strings.HasPrefix(protocol, "SASL")
	if spec.Net.TLS.Enable != tls || spec.Net.SASL.Enable != users {
		fault("spec.net", "it does not fit KAFKA_SECURITY_PROTOCOL, %s", protocol)
	}
	sasl := &spec.Net.SASL
	for _, key := range []secretKey{spec.Net.TLS.CACert, sasl.User, sasl.Password, sasl.Type} {
		if from := key.SecretKeyRef; from != nil {
			value := b.content(title, "spec.net", "Secret", from.Name, from.Key)[from.Key].value
			if key == sasl.Type {
				same("net.sasl.type", value, "KAFKA_SASL_MECHANISM")
			}
		}
	}
	for where, to := range map[string]destination{"sink": spec.Sink, "delivery.deadLetterSink": spec.Delivery.DeadLetterSink} {
		if ref := to.Ref; ref != nil && !b.has(ref.APIVersion, ref.Kind, ref.Name) {
			fault("spec."+where+".ref", "there is no %s %s/%s", ref.APIVersion, ref.Kind, ref.Name)
		}
	}
}

// saslOfKeda has KEDA's words for KAFKA_SASL_MECHANISM.
var saslOfKeda = map[string]string{
	"PLAIN": "plaintext", "SCRAM-SHA-256": "scram_sha256", "SCRAM-SHA-512": "scram_sha512",
}

func (b *build) checkTriggers(scaled *scaledObject, programs *programs, fault report) {
	protocol, should := b.kafka(programs, "KAFKA_SECURITY_PROTOCOL"), map[string]string{}
	if strings.HasPrefix(protocol, "SASL") {
		should["sasl"] = saslOfKeda[b.kafka(programs, "KAFKA_SASL_MECHANISM")]
	}
	if strings.Contains(protocol, "SSL") {
		should["tls"] = "enable"
	}
	repeated := map[string]string{"bootstrapServers": "KAFKA_SERVER", "topic": "KAFKA_TOPIC", "consumerGroup": "KAFKA_GROUP"}
	for _, trigger := range scaled.Spec.Triggers {
		for key, name := range repeated {
			if trigger.Metadata[key+"FromEnv"] != name {
				should[key] = b.kafka(programs, name)
			}
		}
		for _, key := range []string{"sasl", "tls", "bootstrapServers", "topic", "consumerGroup"} {
			if is := trigger.Metadata[key]; is != should[key] {
				fault("spec.triggers.metadata."+key, "it is %q, but as the router reads Kafka it must be %q", is, should[key])
			}
		}
		if name := trigger.AuthenticationRef.Name; name != "" && !b.has("keda.sh/v1alpha1", "TriggerAuthentication", name) {
			fault("spec.triggers.authenticationRef", "there is no TriggerAuthentication/%s", name)
		}
	}
}
