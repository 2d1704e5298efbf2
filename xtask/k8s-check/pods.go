// The house rules for everything that starts a pod.
package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

var podSecurity = func() policy.Evaluator {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		panic(err)
	}
	return evaluator
}()

var restricted = api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}

func (b *build) checkPod(it *pod, programs *programs) {
	for _, result := range podSecurity.EvaluatePod(restricted, it.meta, it.spec) {
		if !result.Allowed {
			b.fault(it.title, "Pod Security restricted", "%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
	if mounted := it.spec.AutomountServiceAccountToken; mounted == nil || *mounted {
		b.fault(it.title, "automountServiceAccountToken", "it must be false: no pod of ours talks to the API server")
	}
	if account := it.spec.ServiceAccountName; account != "" {
		if _, is := find[*corev1.ServiceAccount](b, account); !is {
			b.fault(it.title, "serviceAccountName", "there is no ServiceAccount/%s", account)
		}
	}
	for _, volume := range it.spec.Volumes {
		if volume.ConfigMap != nil {
			b.content(it.title, "volumes["+volume.Name+"]", "ConfigMap", volume.ConfigMap.Name, "")
		} else if volume.Secret != nil {
			b.content(it.title, "volumes["+volume.Name+"]", "Secret", volume.Secret.SecretName, "")
		}
	}
	for i := range it.spec.InitContainers {
		b.checkContainer(it, &it.spec.InitContainers[i])
	}
	for i := range it.spec.Containers {
		container := &it.spec.Containers[i]
		set := b.checkContainer(it, container)
		program, name := programs.of(container.Image), repository(container.Image)
		if program == "" && name != "barrage/table" && strings.HasPrefix(name, "barrage/") {
			b.fault(it.title, "containers["+container.Name+"].image", "the Dockerfile has no image %q", name)
		}
		if program != "" {
			b.settings[program] = set
			b.checkVariables(it, container.Name, program, set, programs)
			b.checkOurs(it, container, program, programs)
		}
	}
}

// checkContainer holds what is true for any container, also of others. It returns its variables.
func (b *build) checkContainer(it *pod, c *corev1.Container) map[string]setting {
	where := "containers[" + c.Name + "]"
	last := c.Image[strings.LastIndex(c.Image, "/")+1:]
	if _, tag, _ := strings.Cut(last, ":"); !strings.Contains(c.Image, "@sha256:") && (tag == "" || tag == "latest") {
		b.fault(it.title, where+".image", "%q must have a version that does not change, not latest", c.Image)
	}
	for kind, list := range map[string]corev1.ResourceList{"requests": c.Resources.Requests, "limits": c.Resources.Limits} {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if _, is := list[name]; !is {
				b.fault(it.title, fmt.Sprintf("%s.resources.%s.%s", where, kind, name), "it is missing")
			}
		}
	}
	for name, probe := range probes(c) {
		if probe == nil {
			continue
		}
		for _, port := range portsOf(probe.ProbeHandler) {
			if containerPort(c, port) == 0 {
				b.fault(it.title, where+"."+name, "the container has no port %s", port.String())
			}
		}
	}
	return b.environment(it.title, where, c)
}

// checkOurs holds what our own services have besides.
func (b *build) checkOurs(it *pod, c *corev1.Container, program string, programs *programs) {
	where := "containers[" + c.Name + "]"
	value := func(name string) string { return programs.value(program, b.settings[program], name) }
	for name, probe := range probes(c) {
		if probe == nil && name != "startupProbe" {
			b.fault(it.title, where+"."+name, "it is missing")
		}
	}
	b.checkPaths(it, c, where)
	if root := c.SecurityContext; root == nil || root.ReadOnlyRootFilesystem == nil || !*root.ReadOnlyRootFilesystem {
		b.fault(it.title, where+".securityContext.readOnlyRootFilesystem", "it must be true")
	}
	if port, err := strconv.Atoi(value("PORT")); err == nil && containerPort(c, intstr.FromInt(port)) == 0 {
		b.fault(it.title, where+".ports", "the service listens on PORT, %d, which is none of them", port)
	}
	pause := int64(0)
	if c.Lifecycle != nil && c.Lifecycle.PreStop != nil && c.Lifecycle.PreStop.Sleep != nil {
		pause = c.Lifecycle.PreStop.Sleep.Seconds
	}
	grace, err := strconv.ParseInt(value("SHUTDOWN_GRACE"), 10, 64)
	if err == nil && it.grace <= grace+pause {
		b.fault(it.title, "terminationGracePeriodSeconds (Knative: timeoutSeconds)",
			"%d s must be more than SHUTDOWN_GRACE, %d s, and the sleep of preStop, %d s", it.grace, grace, pause)
	}
	calls := value("CONTAINER_CONCURRENCY")
	if most := it.concurrency; most != nil && calls != "" && strconv.FormatInt(*most, 10) != calls {
		b.fault(it.title, "containerConcurrency", "it is %d, but CONTAINER_CONCURRENCY is %s", *most, calls)
	}
}

// checkPaths holds that no probe kills a pod because Kafka or the table is away, and that each asks what is there.
func (b *build) checkPaths(it *pod, c *corev1.Container, where string) {
	legal := map[string][]string{
		"startupProbe": {"/healthz"}, "livenessProbe": {"/healthz"}, "readinessProbe": {"/healthz", "/readyz"},
	}
	for name, probe := range probes(c) {
		if probe != nil && (probe.HTTPGet == nil || !slices.Contains(legal[name], probe.HTTPGet.Path)) {
			b.fault(it.title, where+"."+name, "it must ask by httpGet for the path %s", strings.Join(legal[name], " or "))
		}
	}
}

func probes(c *corev1.Container) map[string]*corev1.Probe {
	return map[string]*corev1.Probe{
		"startupProbe": c.StartupProbe, "readinessProbe": c.ReadinessProbe, "livenessProbe": c.LivenessProbe,
	}
}

func portsOf(handler corev1.ProbeHandler) (ports []intstr.IntOrString) {
	if handler.HTTPGet != nil {
		ports = append(ports, handler.HTTPGet.Port)
	}
	if handler.TCPSocket != nil {
		ports = append(ports, handler.TCPSocket.Port)
	}
	if handler.GRPC != nil {
		ports = append(ports, intstr.FromInt32(handler.GRPC.Port))
	}
	return ports
}

// containerPort returns the number of a port by its name or its number, or 0.
func containerPort(c *corev1.Container, wanted intstr.IntOrString) int32 {
	for _, port := range c.Ports {
		if wanted == intstr.FromInt32(port.ContainerPort) || wanted == intstr.FromString(port.Name) {
			return port.ContainerPort
		}
	}
	return 0
}

// setting is the value of a variable, and where it stands.
type setting struct {
	value  string
	origin string
	secret bool
}

// environment resolves the variables of a container, as the kubelet does.
func (b *build) environment(title, where string, c *corev1.Container) map[string]setting {
	set := map[string]setting{}
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef != nil {
			maps.Copy(set, b.content(title, where+".envFrom", "ConfigMap", from.ConfigMapRef.Name, ""))
		}
		if from.SecretRef != nil {
			maps.Copy(set, b.content(title, where+".envFrom", "Secret", from.SecretRef.Name, ""))
		}
	}
	for _, env := range c.Env {
		it := setting{value: env.Value, origin: "env"}
		if from := env.ValueFrom; from != nil {
			it = setting{value: "pod-1", origin: "the pod"}
			if ref := from.ConfigMapKeyRef; ref != nil {
				it = b.content(title, where+".env", "ConfigMap", ref.Name, ref.Key)[ref.Key]
			} else if ref := from.SecretKeyRef; ref != nil {
				it = b.content(title, where+".env", "Secret", ref.Name, ref.Key)[ref.Key]
			}
		}
		set[env.Name] = it
	}
	return set
}

// content returns what a ConfigMap or a Secret holds. It is a fault if it, or the key, is not there.
func (b *build) content(title, where, kind, name, key string) map[string]setting {
	set := map[string]setting{}
	origin := kind + "/" + name
	if it, is := find[*corev1.ConfigMap](b, name); is && kind == "ConfigMap" {
		for key, value := range it.Data {
			set[key] = setting{value, origin, false}
		}
	} else if it, is := find[*corev1.Secret](b, name); is && kind == "Secret" {
		for key, value := range it.Data {
			set[key] = setting{string(value), origin, true}
		}
		for key, value := range it.StringData {
			set[key] = setting{value, origin, true}
		}
	} else {
		b.fault(title, where, "there is no %s", origin)
		return set
	}
	if _, is := set[key]; !is && key != "" {
		b.fault(title, where, "%s has no key %q", origin, key)
	}
	return set
}
