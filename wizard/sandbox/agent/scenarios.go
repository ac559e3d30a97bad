package main

import "time"

// fault is what a scenario does. Each field acts on its own, so a scenario may combine them.
type fault struct {
	// pull is the runtime's answer to a pull; %s stands for the image. Empty: the pull works.
	pull string
	// probe is the output of a failing readiness probe. Empty: it passes.
	probe string
	// nodeCPU is what every node has to give while the scenario is on. Empty: what its shape says.
	nodeCPU string
	// exit ends the container's process some time after it started. Nil: it stays.
	exit *exit
}

// exit is the end of a process.
type exit struct {
	after  time.Duration
	code   int
	reason string // the runtime's word: Error, OOMKilled, Completed
}

// scenarios is the one table of faults on command; a new one is one entry here and one in wizard/sandbox/catalog.py.
var scenarios = map[string]fault{
	"image-pull": {pull: `failed to pull and unpack image "%[1]s": failed to resolve reference "%[1]s": ` +
		`pull access denied, repository does not exist or may require authorization: ` +
		`server message: insufficient_scope: authorization failed`},
	"never-ready":   {probe: "HTTP probe failed with statuscode: 503"},
	"unschedulable": {nodeCPU: "50m"},
	"crash-loop":    {exit: &exit{after: 1500 * time.Millisecond, code: 1, reason: "Error"}},
}
