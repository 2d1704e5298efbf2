// Checks of the manifests in k8s/: `k8s-check CHECKOUT PROGRAMS` builds everything in k8s/ that can be applied, and
// prints one line for each fault. PROGRAMS is the folder of our programs: they judge their variables themselves.
package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// What the README of k8s/ names, but no overlay there contains.
const combinations = "xtask/k8s-check/combinations"

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: k8s-check CHECKOUT PROGRAMS")
		os.Exit(2)
	}
	faults, builds, err := checkAll(os.Args[1], os.Args[2])
	if err != nil {
		faults = append(faults, err.Error())
	}
	for _, fault := range faults {
		fmt.Fprintln(os.Stderr, fault)
	}
	if len(faults) > 0 {
		fmt.Fprintf(os.Stderr, "k8s/ has %d faults\n", len(faults))
		os.Exit(1)
	}
	fmt.Printf("k8s/: no fault in %s\n", strings.Join(builds, ", "))
}

// checkAll returns the faults of all builds, and their names.
func checkAll(root, folder string) (faults, builds []string, err error) {
	programs, err := newPrograms(folder)
	if err != nil {
		return nil, nil, err
	}
	files, err := kustomizations(root)
	if err != nil {
		return nil, nil, err
	}
	used := map[string]bool{}
	for name, file := range files {
		for _, other := range append(file.Resources, file.Components...) {
			used[filepath.Join(name, other)] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name].Namespace == "" {
			if !used[name] {
				faults = append(faults, fmt.Sprintf("%s: nothing uses it: use it in %s", name, combinations))
			}
			continue
		}
		text, err := kustomize(root, name)
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		builds = append(builds, name)
		faults = append(faults, check(name, files[name].Namespace, text, programs)...)
	}
	return faults, builds, nil
}

// kustomization is what we need of a kustomization.yaml. One with a namespace can be applied; others are parts.
type kustomization struct {
	Namespace             string
	Resources, Components []string
}

// kustomizations reads all kustomization.yaml, by their folders.
func kustomizations(root string) (map[string]kustomization, error) {
	files := map[string]kustomization{}
	walk := func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.Name() != "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var file kustomization
		folder, _ := filepath.Rel(root, filepath.Dir(path))
		err = yaml.Unmarshal(text, &file)
		files[folder] = file
		return err
	}
	err := filepath.WalkDir(filepath.Join(root, "k8s"), walk)
	if err == nil {
		err = filepath.WalkDir(filepath.Join(root, combinations), walk)
	}
	return files, err
}

func kustomize(root, folder string) ([]byte, error) {
	command := exec.Command("kubectl", "kustomize", filepath.Join(root, folder))
	text, err := command.Output()
	if failed, is := err.(*exec.ExitError); is {
		return nil, fmt.Errorf("%s: %s", folder, oneLine(string(failed.Stderr)))
	}
	return text, err
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
