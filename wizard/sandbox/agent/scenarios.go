package main

import "time"

// fault is the effect of a scenario. The fields are independent, so a scenario may combine them.
type fault struct {
	// pull is the runtime's answer to a pull; %s stands for the image. Empty: the pull works.
	pull string
	// login says that the pull needs an existing pull secret; pull is the answer without one.
	login bool
	// probe is the output of a failing readiness probe. Empty: it passes.
	probe string
	// nodeCPU is the allocatable CPU of every node while the scenario is on. Empty: the node's capacity.
	nodeCPU string
	// config is why the container cannot be made; %s stands for its namespace. Empty: what it refers to is looked up.
	config string
	// exit ends the container's process some time after it started. Nil: it stays.
	exit *exit
	// nodeLost makes the first node's kubelet stop reporting. The pods on it run on, unready.
	nodeLost bool
}

// exit is the end of a process.
type exit struct {
	after  time.Duration
	code   int
	reason string   // the runtime's reason: Error, OOMKilled, Completed
	last   []string // log lines instead of the whole boot
	killed string   // output of the failing liveness probe for which the kubelet killed it; empty: it ended by itself
}

// fails ends a process with an error of its own in its last lines.
func fails(code int, lines ...string) *exit {
	return &exit{after: pause(1500), code: code, reason: "Error", last: lines}
}

// scenarios is the table of faults; a new one is one entry here and one in wizard/sandbox/catalog.py.
var scenarios = map[string]fault{
	"image-pull": {pull: `failed to pull and unpack image "%[1]s": failed to resolve reference "%[1]s": ` +
		`pull access denied, repository does not exist or may require authorization: ` +
		`server message: insufficient_scope: authorization failed`},
	"private-image": {login: true, pull: `failed to pull and unpack image "%[1]s": failed to resolve reference "%[1]s": ` +
		`unexpected status from HEAD request to https://registry.example/v2/: 401 Unauthorized`},
	"image-missing": {pull: `failed to pull and unpack image "%[1]s": failed to resolve reference "%[1]s": %[1]s: not found`},
	"registry-down": {pull: `failed to pull and unpack image "%[1]s": failed to do request: Head "https://registry.example/v2/": ` +
		`dial tcp: lookup registry.example on 10.96.0.10:53: no such host`},
	"never-ready":   {probe: "HTTP probe failed with statuscode: 503"},
	"wrong-path":    {probe: "HTTP probe failed with statuscode: 404"},
	"unschedulable": {nodeCPU: "50m"},
	"missing-key":   {config: "couldn't find key signing-key in Secret %s/llm-cost-ops-app-credentials"},
	"runs-as-root":  {config: "container has runAsNonRoot and image will run as root"},
	"crash-loop":    {exit: &exit{after: pause(1500), code: 1, reason: "Error"}},
	"oom-kill":      {exit: &exit{after: pause(1500), code: 137, reason: "OOMKilled"}},
	"exits":         {exit: &exit{after: pause(1500), reason: "Completed", last: []string{"migrations are up to date"}}},
	"usage":         {exit: fails(2, "error: unrecognized subcommand 'serv'", "", "Usage: llm-cost-ops [OPTIONS] <COMMAND>")},
	"liveness": {exit: &exit{after: pause(2500), code: 137, reason: "Error",
		killed: `Get "http://10.244.0.9:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`}},
	"wrong-password": {exit: fails(1, `Error: error returned from database: password authentication failed for user "postgres"`)},
	"bad-address":    {exit: fails(1, "Error: invalid connection string: postgres://postgres:$(DB_PASSWORD)@llm-cost-ops-postgresql:5432/x")},
	"no-such-host":   {exit: fails(1, `Error: could not translate host name "llm-cost-ops-postgres" to address: Name or service not known`)},
	"refused":        {exit: fails(1, `Error: connection to server at "db.example.com" (203.0.113.9), port 5432 failed: Connection refused`)},
	"no-tls":         {exit: fails(1, "Error: error occurred while attempting to establish a TLS connection: server does not support TLS")},
	"node-lost":      {nodeLost: true},
}
