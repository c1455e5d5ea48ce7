package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// kubernetes builds the manifests as `kubectl apply -k` does and decodes each strictly.
func (c *checker) kubernetes(ctx context.Context) error {
	dir := filepath.Join(c.temp, "deploy", "kubernetes")
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		c.mistake("kubernetes: %v", err)
		return nil
	}
	settings := map[string]map[string]string{} // of each ConfigMap
	var pods []pod
	for _, resource := range built.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			return err
		}
		where := fmt.Sprintf("kubernetes, %s %s", resource.GetKind(), resource.GetName())
		switch v := c.decode(where, resource.GetKind(), text).(type) {
		case *corev1.ConfigMap:
			settings[v.Name] = v.Data
		case *appsv1.Deployment:
			pods = append(pods, pod{where, v.Spec.Template.Spec})
		case *batchv1.Job:
			pods = append(pods, pod{where, v.Spec.Template.Spec})
		}
	}
	if len(pods) != 3 {
		c.mistake("kubernetes: %d kinds of pods, want the server, the worker and the migration", len(pods))
	}
	for _, p := range pods {
		c.pod(ctx, p, settings)
	}
	return c.queueAge(dir)
}

// queueAge builds the manifests once more with the component that people may switch on: the worker's autoscaler then
// goes by the queue and by nothing else.
func (c *checker) queueAge(dir string) error {
	file := filepath.Join(dir, "kustomization.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), "\n# components: [queue-age]\n") {
		c.mistake("kubernetes/kustomization.yaml: it does not show how queue-age is switched on")
	}
	if err := os.WriteFile(file, append(text, "\ncomponents: [queue-age]\n"...), 0o600); err != nil {
		return err
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		c.mistake("kubernetes/queue-age: %v", err)
		return nil
	}
	for _, resource := range built.Resources() {
		if resource.GetKind() != "HorizontalPodAutoscaler" || resource.GetName() != "repazoo-worker" {
			continue
		}
		text, err := resource.AsYAML()
		if err != nil {
			return err
		}
		const where = "kubernetes/queue-age"
		scaler, ok := c.decode(where, resource.GetKind(), text).(*autoscalingv2.HorizontalPodAutoscaler)
		if !ok || len(scaler.Spec.Metrics) != 1 || scaler.Spec.Metrics[0].External == nil ||
			scaler.Spec.Metrics[0].Type != autoscalingv2.ExternalMetricSourceType {
			c.mistake("%s: the worker's autoscaler must go by the queue alone", where)
		}
	}
	return nil
}

// decode reads a manifest into the type of its kind; a field that the type does not have is a mistake.
func (c *checker) decode(where, kind string, text []byte) any {
	into := map[string]any{
		"Namespace": &corev1.Namespace{}, "ServiceAccount": &corev1.ServiceAccount{}, "ConfigMap": &corev1.ConfigMap{},
		"Secret": &corev1.Secret{}, "Service": &corev1.Service{}, "Deployment": &appsv1.Deployment{},
		"Job": &batchv1.Job{}, "Ingress": &networkingv1.Ingress{}, "NetworkPolicy": &networkingv1.NetworkPolicy{},
		"PodDisruptionBudget":     &policyv1.PodDisruptionBudget{},
		"HorizontalPodAutoscaler": &autoscalingv2.HorizontalPodAutoscaler{},
	}[kind]
	if into == nil {
		c.mistake("%s: deploycheck does not know this kind", where)
		return nil
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		c.mistake("%s: %v", where, err)
	}
	return into
}

type pod struct {
	where string
	spec  corev1.PodSpec
}

func (c *checker) pod(ctx context.Context, p pod, settings map[string]map[string]string) {
	volumes := map[string]bool{}
	for _, v := range p.spec.Volumes {
		volumes[v.Name] = true
	}
	if s := p.spec.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil ||
		fmt.Sprintf("%d:%d", *s.RunAsUser, *s.RunAsGroup) != numericUser {
		c.mistake("%s: it must be user %s", p.where, numericUser)
	}
	for _, container := range p.spec.Containers {
		if s := container.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
			c.mistake("%s: its root must be read-only", p.where)
		}
		mounts := []string{}
		for _, m := range container.VolumeMounts {
			mounts = append(mounts, m.MountPath+"/")
			if !volumes[m.Name] {
				c.mistake("%s: there is no volume %s", p.where, m.Name)
			}
		}
		c.settings(ctx, p.where, container, mounts, settings)
	}
}

// settings wants each variable of a container to be a setting, its file to be mounted, and all of them to fit together.
func (c *checker) settings(
	ctx context.Context, where string, container corev1.Container, mounts []string, maps map[string]map[string]string,
) {
	values := map[string]string{}
	for _, from := range container.EnvFrom {
		if from.ConfigMapRef == nil || maps[from.ConfigMapRef.Name] == nil {
			c.mistake("%s: it reads a ConfigMap that does not exist", where)
			continue
		}
		for name, value := range maps[from.ConfigMapRef.Name] {
			values[name] = value
		}
	}
	for _, v := range container.Env {
		values[v.Name] = v.Value
		if strings.HasSuffix(v.Name, "_FILE") && !under(v.Value, mounts) {
			c.mistake("%s: %s names %s, which is not mounted", where, v.Name, v.Value)
		}
	}
	for name := range values {
		c.setting(where, name)
	}
	c.accepted(ctx, where, values, filepath.Join(c.temp, "deploy", "kubernetes", "secrets"))
}

func under(path string, mounts []string) bool {
	for _, m := range mounts {
		if strings.HasPrefix(path, m) {
			return true
		}
	}
	return false
}
