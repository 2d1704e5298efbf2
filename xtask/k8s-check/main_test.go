// Manifests that are wrong in one place, each way that the check must find.
package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mutations has the manifests, what is replaced where it stands first after a word, and how the line begins that must
// come.
var mutations = []struct{ name, folder, after, old, replacement, line string }{
	{"an unknown field", "k8s/plain", "", "readinessProbe:", "readinesProbe:",
		`Deployment/event-router: schema: strict decoding error: unknown field "spec.template.spec.containers[0].readinesProbe"`},
	{"an unknown field of Knative", "k8s/knative", "", "containerConcurrency:", "concurrency:",
		`Service/demo-barrage: schema: strict decoding error: unknown field "spec.template.spec.concurrency"`},
	{"an unknown field of a KafkaSource", "k8s/alibaba", "kind: KafkaSource", "initialOffset:", "offset:",
		`KafkaSource/barrage: schema: unknown field "spec.offset"`},
	{"an old version of a KafkaSource", "k8s/alibaba", "", "sources.knative.dev/v1", "sources.knative.dev/v1alpha1",
		`KafkaSource/barrage: schema: no kind "KafkaSource" is registered for version "sources.knative.dev/v1alpha1"`},
	{"a delay that is not ISO 8601", "k8s/alibaba", "", "PT0.5S", "200ms",
		`KafkaSource/barrage: spec.delivery.backoffDelay: "200ms" is no duration`},
	{"a wrong order", "k8s/alibaba", "", "ordering: unordered", "ordering: random",
		`KafkaSource/barrage: spec.ordering: "random" is none of`},
	{"servers that differ", "k8s/alibaba", "kind: KafkaSource", "  - alikafka-pre-cn-xxx-1", "  - alikafka-pre-cn-xxx-9",
		"KafkaSource/barrage: spec.bootstrapServers: it is \"alikafka-pre-cn-xxx-9"},
	{"a sink that is not there", "k8s/alibaba", "kind: KafkaSource", "name: test-barrage-process", "name: processor",
		"KafkaSource/barrage: spec.sink.ref: there is no serving.knative.dev/v1 Service/processor"},
	{"a port name that Knative lacks", "k8s/knative", "", "name: h2c", "name: grpc",
		"Service/test-barrage-process: Knative: Port name grpc is not allowed"},
	{"a port name without a port", "k8s/plain", "", "targetPort: grpc", "targetPort: rpc",
		"Service/message-processor: spec.ports[grpc].targetPort: container message-processor has no port rpc"},
	{"a probe without a port", "k8s/plain", "kind: Deployment", "port: 8080", "port: 8081",
		"Deployment/event-router: containers[event-router].livenessProbe: the container has no port 8081"},
	{"a port that is not PORT", "k8s/plain", "kind: Deployment", "containerPort: 8080", "containerPort: 8081",
		"Deployment/event-router: containers[event-router].ports: the service listens on PORT, 8080"},
	{"an Ingress without a port", "k8s/plain", "kind: Ingress", "name: http", "name: web",
		"Ingress/homepage: spec.rules.http.paths.backend: there is no Service/homepage with the port web"},
	{"a wrong address", "k8s/knative", "", "http://test-barrage-process", "http://processor",
		"ConfigMap/event-router: processor.barrage.svc.cluster.local:80: there is no Service/processor with the port 80"},
	{"min above max", "k8s/plain", "", "minReplicas: 1", "minReplicas: 9",
		"HorizontalPodAutoscaler/message-processor: spec.maxReplicas: Invalid value: 5: must be greater than or equal to `minReplicas`"},
	{"min above max in Knative", "k8s/knative", "", `min-scale: "0"`, `min-scale: "9"`,
		"Service/test-barrage-process: Knative: max-scale=5 is less than min-scale=9"},
	{"min above max in KEDA", combinations + "/plain-keda", "", "minReplicaCount: 0", "minReplicaCount: 9",
		"ScaledObject/message-processor: spec.maxReplicaCount: 5 is less than minReplicaCount, 9"},
	{"a topic that differs in KEDA", combinations + "/plain-keda", "", "topic: barrage-info", "topic: info",
		`ScaledObject/message-processor: spec.triggers.metadata.topic: it is "info"`},
	{"nothing to scale", "k8s/plain", "scaleTargetRef:", "name: message-processor", "name: processor",
		"HorizontalPodAutoscaler/message-processor: spec.scaleTargetRef: there is no Deployment/processor"},
	{"a missing variable", "k8s/plain", "", "  KAFKA_SERVER: kafka.example.com:9093\n", "",
		"Deployment/homepage: containers[homepage].env KAFKA_SERVER: KAFKA_SERVER: expected"},
	{"a variable that nobody has", "k8s/knative", "", "WORK_MS:", "WORK:",
		"Service/test-barrage-process: containers[message-processor].env WORK: ConfigMap/message-processor sets it, but message-processor has no such variable"},
	{"an illegal value", "k8s/knative", "", `WORK_MS: "100"`, `WORK_MS: "soon"`,
		`Service/test-barrage-process: containers[message-processor].env WORK_MS: WORK_MS: expected milliseconds, 0 to 60000, saw "soon"`},
	{"a placeholder that is left", "k8s/local", "", "OTS_SECRET: bG9jYWw=", `OTS_SECRET: ""`,
		"Deployment/homepage: containers[homepage].env OTS_SECRET: OTS_SECRET: expected"},
	{"a Secret that is not there", "k8s/plain", "envFrom:", "name: event-router-kafka", "name: router-kafka",
		"Deployment/event-router: containers[event-router].envFrom: there is no Secret/router-kafka"},
	{"a wrong grace", "k8s/plain", "", "terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: 25",
		"Deployment/event-router: terminationGracePeriodSeconds (Knative: timeoutSeconds): 25 s must be more than SHUTDOWN_GRACE, 25 s"},
	{"a grace without the pause", "k8s/plain", "", "seconds: 8", "seconds: 15",
		"Deployment/homepage: terminationGracePeriodSeconds (Knative: timeoutSeconds): 40 s must be more than SHUTDOWN_GRACE, 25 s, and the sleep of preStop, 15 s"},
	{"a wrong grace in Knative", "k8s/knative", "", "timeoutSeconds: 60", "timeoutSeconds: 20",
		"Service/test-barrage-process: terminationGracePeriodSeconds (Knative: timeoutSeconds): 20 s"},
	{"calls that differ", "k8s/knative", "", "containerConcurrency: 10", "containerConcurrency: 20",
		"Service/test-barrage-process: containerConcurrency: it is 20, but CONTAINER_CONCURRENCY is 10"},
	{"latest", "k8s/local", "", "apache/kafka:4.3.1", "apache/kafka:latest",
		`StatefulSet/kafka: containers[kafka].image: "apache/kafka:latest" must have a version`},
	{"no version", "k8s/local", "", "apache/kafka:4.3.1", "apache/kafka",
		`StatefulSet/kafka: containers[kafka].image: "apache/kafka" must have a version`},
	{"a privileged container", "k8s/plain", "", "allowPrivilegeEscalation: false", "privileged: true",
		"Deployment/event-router: Pod Security restricted: privileged"},
	{"a root that can be written", "k8s/plain", "", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false",
		"Deployment/event-router: containers[event-router].securityContext.readOnlyRootFilesystem: it must be true"},
	{"a mounted token", "k8s/plain", "kind: Deployment", "automountServiceAccountToken: false", "automountServiceAccountToken: true",
		"Deployment/event-router: automountServiceAccountToken: it must be false"},
	{"no limit of memory", "k8s/plain", "limits:", "            memory: 192Mi\n", "",
		"Deployment/event-router: containers[event-router].resources.limits.memory: it is missing"},
	{"a disruption budget for nobody", "k8s/plain", "kind: PodDisruptionBudget", "matchLabels:", "matchLabels:\n      app: none",
		"PodDisruptionBudget/event-router: spec.selector: it selects no pod"},
	{"a probe that kills who waits", "k8s/plain", "livenessProbe:", "path: /healthz", "path: /readyz",
		"Deployment/event-router: containers[event-router].livenessProbe: it must ask by httpGet for the path /healthz"},
	{"a probe of a path that is not there", "k8s/plain", "readinessProbe:", "path: /readyz", "path: /ready",
		"Deployment/event-router: containers[event-router].readinessProbe: it must ask by httpGet for the path /healthz or /readyz"},
	{"a network policy for nobody", "k8s/plain", "name: allow-to-homepage", "name: homepage", "name: page",
		"NetworkPolicy/allow-to-homepage: spec.podSelector: it selects no pod"},
	{"a network policy from nobody", "k8s/plain", "name: allow-processors-from-router", "name: event-router", "name: router",
		"NetworkPolicy/allow-processors-from-router: spec.ingress.from.podSelector: it selects no pod"},
	{"an image that nobody builds", "k8s/plain", "", "image: barrage/event-router", "image: barrage/router",
		"Deployment/event-router: containers[event-router].image: the Dockerfile has no image \"barrage/router\""},
	{"a value that Kubernetes' code refuses", "k8s/plain", "", `cpu: "1"`, "cpu: one",
		"Deployment/event-router: schema: quantities must match"},
}

// hash is what kustomize adds to the name of a ConfigMap.
var hash = regexp.MustCompile(`(ConfigMap/[a-z-]+)-[a-z0-9]{10}\b`)

func TestEachKindOfMistakeIsRefusedInOneLineThatNamesIt(t *testing.T) {
	programs, err := newPrograms(os.Getenv("BARRAGE_PROGRAMS"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, it := range mutations {
		folder := it.folder
		if texts[folder] == "" {
			text, err := kustomize("../..", folder)
			if err != nil {
				t.Fatal(err)
			}
			texts[folder] = string(text)
		}
		before, rest, _ := strings.Cut(texts[folder], it.after)
		mutated := before + it.after + strings.Replace(rest, it.old, it.replacement, 1)
		if mutated == texts[folder] {
			t.Errorf("%s: %s has no %q after %q", it.name, folder, it.old, it.after)
			continue
		}
		faults := check(folder, "barrage", []byte(mutated), programs)
		names := func(fault string) bool {
			return strings.HasPrefix(hash.ReplaceAllString(fault, "$1"), folder+": "+it.line)
		}
		if !slices.ContainsFunc(faults, names) {
			t.Errorf("%s: no line %q in:\n  %s", it.name, it.line, strings.Join(faults, "\n  "))
		}
	}
}

func TestTheOverlayInTheGuideIsRight(t *testing.T) {
	programs, err := newPrograms(os.Getenv("BARRAGE_PROGRAMS"))
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../../k8s/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "# my-barrage/kustomization.yaml\n")
	overlay, _, _ := strings.Cut(rest, "```")
	// In the checkout, as kustomize takes no absolute path.
	folder, err := os.MkdirTemp(".", "my-barrage-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	users := "KAFKA_USER=someone\nKAFKA_PWD=something\n"
	for name, text := range map[string]string{
		"kustomization.yaml": strings.ReplaceAll(overlay, "../barrage/k8s", "../../../k8s"),
		"table.env":          "OTS_KEYID=key\nOTS_SECRET=secret\n",
		"homepage.env":       users,
		"event-router.env":   users,
	} {
		if err := os.WriteFile(folder+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := kustomize(".", folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range check("local: the overlay in the guide", "barrage", text, programs) {
		t.Error(fault)
	}
}
