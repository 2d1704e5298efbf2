// The objects of one build: read strictly, and valid by the code of those who define them.
package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	podoptions "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	validapps "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	validautoscaling "k8s.io/kubernetes/pkg/apis/autoscaling/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	validcore "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	validnetworking "k8s.io/kubernetes/pkg/apis/networking/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	validpolicy "k8s.io/kubernetes/pkg/apis/policy/validation"
	"knative.dev/pkg/apis"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"
	"sigs.k8s.io/yaml"
)

// object is one object: of a Go type of Kubernetes or Knative, or one of custom_kinds.go.
type object struct {
	// KIND/NAME, for people.
	title   string
	version string
	name    string
	value   any
	text    string
}

// build is one thing that can be applied, and what is wrong with it.
type build struct {
	name      string
	namespace string
	objects   []object
	// The variables of each of our programs.
	settings map[string]map[string]setting
	faults   []string
}

func (b *build) fault(title, where, format string, values ...any) {
	b.faults = append(b.faults, fmt.Sprintf("%s: %s: %s: %s", b.name, title, where, oneLine(fmt.Sprintf(format, values...))))
}

// check returns a line for each fault in the objects that kustomize wrote.
func check(name, namespace string, text []byte, programs *programs) []string {
	b := &build{name: name, namespace: namespace, settings: map[string]map[string]setting{}}
	for _, document := range strings.Split("\n"+string(text), "\n---\n") {
		b.read([]byte(document))
	}
	for _, object := range b.objects {
		if pod := podOf(object); pod != nil {
			b.checkPod(pod, programs)
		}
	}
	for _, object := range b.objects {
		b.checkLinks(object, programs)
	}
	slices.Sort(b.faults)
	return slices.Compact(b.faults)
}

var decoder = func() runtime.Decoder {
	if err := servingv1.AddToScheme(legacyscheme.Scheme); err != nil {
		panic(err)
	}
	return serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
}()

func (b *build) read(document []byte) {
	var head struct {
		metav1.TypeMeta
		Metadata metav1.ObjectMeta
	}
	if err := yaml.Unmarshal(document, &head); err != nil {
		b.fault("an object", "YAML", "%v", err)
		return
	}
	title := head.Kind + "/" + head.Metadata.Name
	add := func(value any) {
		b.objects = append(b.objects, object{title, head.APIVersion, head.Metadata.Name, value, string(document)})
	}
	if custom := newCustomKind(head.APIVersion, head.Kind); custom != nil {
		readCustomKind(document, custom, func(where, format string, values ...any) { b.fault(title, where, format, values...) })
		add(custom)
		return
	}
	value, _, err := decoder.Decode(document, nil, nil)
	if err != nil {
		b.fault(title, "schema", "%v", err)
	}
	if value == nil {
		return
	}
	add(value)
	if service, is := value.(*servingv1.Service); is {
		b.validateKnative(title, service.DeepCopy())
		return
	}
	list, err := validate(value.DeepCopyObject())
	for _, fault := range list {
		b.fault(title, fault.Field, "%s", fault.ErrorBody())
	}
	if err != nil {
		b.fault(title, "kind", "%v", err)
	}
}

// validateKnative does what Serving's webhook does when an object is created. It takes warnings for faults.
func (b *build) validateKnative(title string, service *servingv1.Service) {
	ctx := apis.WithinCreate(context.Background())
	service.SetDefaults(ctx)
	if err := service.Validate(ctx); err != nil {
		b.fault(title, "Knative", "%v", err)
	}
}

// validate does what the API server does before it stores an object.
func validate(value runtime.Object) (field.ErrorList, error) {
	legacyscheme.Scheme.Default(value)
	internal, err := legacyscheme.Scheme.ConvertToVersion(value, runtime.InternalGroupVersioner)
	if err != nil {
		return nil, err
	}
	switch it := internal.(type) {
	case *apps.Deployment:
		return validapps.ValidateDeployment(it, podoptions.GetValidationOptionsFromPodTemplate(&it.Spec.Template, nil)), nil
	case *apps.StatefulSet:
		return validapps.ValidateStatefulSet(it, podoptions.GetValidationOptionsFromPodTemplate(&it.Spec.Template, nil)), nil
	case *autoscaling.HorizontalPodAutoscaler:
		options := validautoscaling.HorizontalPodAutoscalerSpecValidationOptions{MinReplicasLowerBound: 1}
		return validautoscaling.ValidateHorizontalPodAutoscaler(it, options), nil
	case *core.ConfigMap:
		return validcore.ValidateConfigMap(it), nil
	case *core.Namespace:
		return validcore.ValidateNamespace(it), nil
	case *core.PersistentVolumeClaim:
		return validcore.ValidatePersistentVolumeClaim(it, validcore.ValidationOptionsForPersistentVolumeClaim(it, nil)), nil
	case *core.Secret:
		return validcore.ValidateSecret(it), nil
	case *core.Service:
		if it.Spec.ClusterIP != "" {
			it.Spec.ClusterIPs = []string{it.Spec.ClusterIP} // The API server does it before.
		}
		return validcore.ValidateServiceCreate(it), nil
	case *core.ServiceAccount:
		return validcore.ValidateServiceAccount(it), nil
	case *networking.Ingress:
		return validnetworking.ValidateIngressCreate(it), nil
	case *networking.NetworkPolicy:
		return validnetworking.ValidateNetworkPolicy(it, validnetworking.NetworkPolicyValidationOptions{}), nil
	case *policy.PodDisruptionBudget:
		return validpolicy.ValidatePodDisruptionBudget(it, validpolicy.PodDisruptionBudgetValidationOptions{}), nil
	}
	return nil, fmt.Errorf("no check knows it: add it to xtask/k8s-check/objects.go")
}

// pod is what a workload starts.
type pod struct {
	title string
	meta  *metav1.ObjectMeta
	spec  *corev1.PodSpec
	// From the order to stop until the pod is killed.
	grace int64
	// Only a Knative Service has it.
	concurrency *int64
}

// podOf returns nil for what starts no pod.
func podOf(it object) *pod {
	template := func(t *corev1.PodTemplateSpec) *pod {
		grace := int64(corev1.DefaultTerminationGracePeriodSeconds)
		if t.Spec.TerminationGracePeriodSeconds != nil {
			grace = *t.Spec.TerminationGracePeriodSeconds
		}
		return &pod{it.title, &t.ObjectMeta, &t.Spec, grace, nil}
	}
	switch value := it.value.(type) {
	case *appsv1.Deployment:
		return template(&value.Spec.Template)
	case *appsv1.StatefulSet:
		return template(&value.Spec.Template)
	case *servingv1.Service:
		service := value.DeepCopy()
		service.SetDefaults(context.Background())
		t := &value.Spec.Template
		grace := *service.Spec.Template.Spec.TimeoutSeconds
		return &pod{it.title, &t.ObjectMeta, &t.Spec.PodSpec, grace, t.Spec.ContainerConcurrency}
	}
	return nil
}
