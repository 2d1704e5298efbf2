// Kinds whose Go types no small module has: the fields that we use, as their projects document them. Add what you need.
package main

import (
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

type report func(where, format string, values ...any)

type customKind interface{ validate(report) }

func newCustomKind(version, kind string) customKind {
	switch version + " " + kind {
	case "sources.knative.dev/v1 KafkaSource":
		return &kafkaSource{}
	case "eventing.knative.dev/v1alpha1 KafkaSink":
		return &kafkaSink{}
	case "keda.sh/v1alpha1 ScaledObject":
		return &scaledObject{}
	case "keda.sh/v1alpha1 TriggerAuthentication":
		return &triggerAuthentication{}
	}
	return nil
}

// readCustomKind reads as strictly as the API server: no unknown field, none twice, and case matters.
func readCustomKind(document []byte, it customKind, fault report) {
	text, err := yaml.YAMLToJSONStrict(document)
	if err == nil {
		var unknown []error
		unknown, err = json.UnmarshalStrict(text, it)
		for _, field := range unknown {
			fault("schema", "%v", field)
		}
	}
	if err != nil {
		fault("schema", "%v", err)
	}
	it.validate(fault)
}

type head struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
}

type secretKey struct {
	SecretKeyRef *corev1.SecretKeySelector `json:"secretKeyRef"`
}

type destination struct {
	Ref *struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Name       string `json:"name"`
	} `json:"ref"`
	URI string `json:"uri"`
}

type kafkaSource struct {
	head `json:",inline"`
	Spec struct {
		BootstrapServers []string    `json:"bootstrapServers"`
		Topics           []string    `json:"topics"`
		ConsumerGroup    string      `json:"consumerGroup"`
		InitialOffset    string      `json:"initialOffset"`
		Ordering         string      `json:"ordering"`
		Consumers        int32       `json:"consumers"`
		Sink             destination `json:"sink"`
		Net              struct {
			TLS struct {
				Enable bool      `json:"enable"`
				CACert secretKey `json:"caCert"`
			} `json:"tls"`
			SASL struct {
				Enable   bool      `json:"enable"`
				User     secretKey `json:"user"`
				Password secretKey `json:"password"`
				Type     secretKey `json:"type"`
			} `json:"sasl"`
		} `json:"net"`
		Delivery struct {
			Timeout        string      `json:"timeout"`
			Retry          int32       `json:"retry"`
			BackoffPolicy  string      `json:"backoffPolicy"`
			BackoffDelay   string      `json:"backoffDelay"`
			DeadLetterSink destination `json:"deadLetterSink"`
		} `json:"delivery"`
	} `json:"spec"`
}

// duration is what a delay may have of ISO 8601. The webhook takes more than the dispatcher understands.
var duration = regexp.MustCompile(`^PT[0-9]+(\.[0-9]+)?[SMH]$`)

func (k *kafkaSource) validate(fault report) {
	spec := &k.Spec
	oneOf := func(where, value string, legal ...string) {
		if !slices.Contains(legal, value) {
			fault("spec."+where, "%q is none of %q", value, legal)
		}
	}
	oneOf("initialOffset", spec.InitialOffset, "earliest", "latest")
	oneOf("ordering", spec.Ordering, "ordered", "unordered")
	oneOf("delivery.backoffPolicy", spec.Delivery.BackoffPolicy, "linear", "exponential")
	for where, text := range map[string]string{"timeout": spec.Delivery.Timeout, "backoffDelay": spec.Delivery.BackoffDelay} {
		if !duration.MatchString(text) {
			fault("spec.delivery."+where, "%q is no duration by ISO 8601, as PT0.5S", text)
		}
	}
	for where, to := range map[string]destination{"sink": spec.Sink, "delivery.deadLetterSink": spec.Delivery.DeadLetterSink} {
		if to.Ref == nil && to.URI == "" {
			fault("spec."+where, "it is missing")
		}
	}
}

type kafkaSink struct {
	head `json:",inline"`
	Spec struct {
		Topic            string   `json:"topic"`
		BootstrapServers []string `json:"bootstrapServers"`
	} `json:"spec"`
}

func (k *kafkaSink) validate(fault report) {
	if k.Spec.Topic == "" || len(k.Spec.BootstrapServers) == 0 {
		fault("spec", "topic and bootstrapServers are required")
	}
}

type scaledObject struct {
	head `json:",inline"`
	Spec struct {
		ScaleTargetRef struct {
			Name string `json:"name"`
		} `json:"scaleTargetRef"`
		PollingInterval int32 `json:"pollingInterval"`
		CooldownPeriod  int32 `json:"cooldownPeriod"`
		MinReplicaCount int32 `json:"minReplicaCount"`
		MaxReplicaCount int32 `json:"maxReplicaCount"`
		Triggers        []struct {
			Type              string            `json:"type"`
			Metadata          map[string]string `json:"metadata"`
			AuthenticationRef struct {
				Name string `json:"name"`
			} `json:"authenticationRef"`
		} `json:"triggers"`
	} `json:"spec"`
}

func (s *scaledObject) validate(fault report) {
	if least, most := s.Spec.MinReplicaCount, s.Spec.MaxReplicaCount; most < max(1, least) {
		fault("spec.maxReplicaCount", "%d is less than minReplicaCount, %d, or than 1", most, least)
	}
	for _, trigger := range s.Spec.Triggers {
		if trigger.Type != "kafka" {
			fault("spec.triggers.type", "%q is not kafka", trigger.Type)
		}
	}
}

type triggerAuthentication struct {
	head `json:",inline"`
	Spec struct {
		SecretTargetRef []struct {
			Parameter string `json:"parameter"`
			Name      string `json:"name"`
			Key       string `json:"key"`
		} `json:"secretTargetRef"`
	} `json:"spec"`
}

func (t *triggerAuthentication) validate(fault report) {
	if len(t.Spec.SecretTargetRef) == 0 {
		fault("spec.secretTargetRef", "it is missing")
	}
}
