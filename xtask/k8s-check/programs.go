// Our programs judge their variables: each is started with what a manifest sets, and says what is wrong.
package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

var names = []string{"homepage", "event-router", "message-processor"}

// The exit code of a service whose configuration is invalid.
const invalid = 2

var (
	helpLine  = regexp.MustCompile(`(?m)^([A-Z][A-Z0-9_]+) +(\S+) `)
	faultLine = regexp.MustCompile(`(?m)^([A-Z][A-Z0-9_]+): .*$`)
)

type programs struct {
	folder string
	// The variables of each program with their defaults.
	defaults map[string]map[string]string
	// A port that is taken. A program reads its configuration, finds the port taken, and ends. It calls nobody.
	taken net.Listener
}

func newPrograms(folder string) (*programs, error) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &programs{folder, map[string]map[string]string{}, taken}
	for _, name := range names {
		help, err := exec.Command(filepath.Join(folder, name), "--help").Output()
		if err != nil {
			return nil, fmt.Errorf("%s --help: %w; run cargo xtask build", name, err)
		}
		p.defaults[name] = map[string]string{}
		for _, line := range helpLine.FindAllStringSubmatch(string(help), -1) {
			p.defaults[name][line[1]] = line[2]
		}
	}
	return p, nil
}

// repository returns the name of an image without its tag and its digest.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndex(image, ":"); colon > strings.LastIndex(image, "/") {
		image = image[:colon]
	}
	return image
}

// of returns the program in an image, or "" for an image of others.
func (p *programs) of(image string) string {
	last := path.Base(repository(image))
	for _, name := range names {
		if last == name || last == "barrage-"+name {
			return name
		}
	}
	return ""
}

// value returns a variable as a program sees it.
func (p *programs) value(program string, set map[string]setting, name string) string {
	if it, is := set[name]; is && it.value != "" {
		return it.value
	}
	return p.defaults[program][name]
}

// start returns what the program says about these variables, by the name of each.
func (p *programs) start(program string, set map[string]setting) map[string]string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(p.folder, program))
	host, port, _ := net.SplitHostPort(p.taken.Addr().String())
	command.Env = []string{}
	for name, it := range set {
		command.Env = append(command.Env, name+"="+it.value)
	}
	command.Env = append(command.Env, "HOST="+host, "PORT="+port)
	said, err := command.CombinedOutput() // It never succeeds.
	if strings.Contains(string(said), "cannot listen on ") {
		return nil
	}
	faults := map[string]string{}
	for _, line := range faultLine.FindAllStringSubmatch(string(said), -1) {
		faults[line[1]] = line[0]
	}
	if code := command.ProcessState.ExitCode(); len(faults) == 0 || code != invalid {
		return map[string]string{"": fmt.Sprintf("it ended with %v and said %q", err, said)}
	}
	return faults
}

// checkVariables finds variables that a program does not have, and values that it refuses.
//
// An empty value from a Secret is a placeholder, which the program refuses by name until somebody fills it in. What
// is for a local cluster has none: it works as it is.
func (b *build) checkVariables(it *pod, container, program string, set map[string]setting, p *programs) {
	where := func(name string) string { return "containers[" + container + "].env " + name }
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if _, is := p.defaults[program][name]; !is {
			b.fault(it.title, where(name), "%s sets it, but %s has no such variable", set[name].origin, program)
		}
	}
	filled := maps.Clone(set)
	for name := range p.start(program, set) {
		if from := set[name]; from.secret && from.value == "" && !strings.Contains(b.name, "local") {
			filled[name] = setting{value: "filled-in"}
		}
	}
	faults := p.start(program, filled)
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		b.fault(it.title, where(name), "%s (set by %s)", faults[name], cmp.Or(set[name].origin, "nothing"))
	}
}
