package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A container's log is a pure function of when its process started: line i always has the same time and text. So
// nothing is stored, a reader who comes back sees the same lines, and a test can compute what it must have received.

// line is one line of a log, without its end.
type line struct {
	at   time.Time
	text string
}

// source writes the lines of one process.
type source struct {
	start time.Time
	end   time.Time // when the process ended; zero while it runs
	boot  []bootLine
	last  []string                           // the last lines of a failed process
	every time.Duration                      // between two lines after the boot
	text  func(i int64, at time.Time) string // line i after the boot
}

type bootLine struct {
	after time.Duration
	text  func(at time.Time) string
}

// head is how long the boot takes; the steady lines begin one period after it.
func (s *source) head() time.Time {
	if len(s.boot) == 0 {
		return s.start
	}
	return s.start.Add(s.boot[len(s.boot)-1].after)
}

// count is how many lines were written until now, or in all when the process has ended.
func (s *source) count(now time.Time) int64 {
	ended := !s.end.IsZero()
	if ended {
		now = s.end
	}
	n := int64(0)
	for _, b := range s.boot {
		if s.start.Add(b.after).After(now) {
			break
		}
		n++
	}
	if n == int64(len(s.boot)) && s.every > 0 {
		n += max(int64(now.Sub(s.head())/s.every), 0)
	}
	if ended {
		n += int64(len(s.last))
	}
	return n
}

// line is line i; the caller knows from count that it exists.
func (s *source) line(i int64) line {
	if i < int64(len(s.boot)) {
		at := s.start.Add(s.boot[i].after)
		return line{at, s.boot[i].text(at)}
	}
	if !s.end.IsZero() {
		if k := i - (s.count(s.end) - int64(len(s.last))); k >= 0 {
			return line{s.end, s.last[k]}
		}
	}
	i -= int64(len(s.boot))
	at := s.head().Add(time.Duration(i+1) * s.every)
	return line{at, s.text(i, at)}
}

// next is when line i is written, zero if never.
func (s *source) next(i int64) time.Time {
	switch {
	case i < int64(len(s.boot)):
		return s.start.Add(s.boot[i].after)
	case s.every == 0:
		return time.Time{}
	}
	return s.head().Add(time.Duration(i-int64(len(s.boot))+1) * s.every)
}

// since is the first line that is not older than t.
func (s *source) since(t, now time.Time) int64 {
	low, high := int64(0), s.count(now)
	for low < high {
		if mid := (low + high) / 2; s.line(mid).at.Before(t) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// newSource chooses what a process of this image writes. probe is the output of its failing readiness probe; last are its last lines when it does not boot completely; rate
// is lines a second, 0 for the image's own pace.
func newSource(class string, probe string, start, end time.Time, failed bool, last []string, rate int64) *source {
	s := &source{start: start, end: end}
	make, known := programs[class]
	if !known {
		make = programs["generic"]
	}
	make(s, probe)
	if len(last) > 0 {
		s.boot, s.every = s.boot[:min(2, len(s.boot))], 0
	}
	if !end.IsZero() {
		// Statuses know whole seconds; lines of the last second count, and a short process still has its whole boot.
		s.end = end.Add(999 * time.Millisecond)
		if s.end.Before(s.head()) {
			s.end = s.head()
		}
	}
	if len(last) > 0 && !end.IsZero() {
		s.last = last
	} else if failed && class == "app" {
		s.last = []string{appLine(s.end, "ERROR", "llm_cost_ops", "fatal: terminated during start-up", `"exit_code":1`)}
	}
	if rate > 0 {
		s.every = time.Second / time.Duration(rate)
		s.text = func(i int64, at time.Time) string { return fmt.Sprintf("%s line %d %s", stamp(at), i, filler) }
	}
	return s
}

var filler = strings.Repeat("x", 60)

func fixed(ms int, format string) bootLine {
	return bootLine{pause(ms), func(time.Time) string { return format }}
}

func timed(ms int, write func(at time.Time) string) bootLine { return bootLine{pause(ms), write} }

func appLine(at time.Time, level, target, message, fields string) string {
	if fields != "" {
		fields = "," + fields
	}
	return fmt.Sprintf(`{"timestamp":%q,"level":%q,"target":%q,"message":%q%s}`,
		at.UTC().Format("2006-01-02T15:04:05.000000Z"), level, target, message, fields)
}

func app(ms int, level, target, message, fields string) bootLine {
	return timed(ms, func(at time.Time) string { return appLine(at, level, target, message, fields) })
}

func postgresTime(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05.000 UTC") }

func postgres(ms, pid int, message string) bootLine {
	return timed(ms, func(at time.Time) string { return fmt.Sprintf("%s [%d] LOG:  %s", postgresTime(at), pid, message) })
}

func redis(ms int, message string) bootLine {
	return timed(ms, func(at time.Time) string {
		return "1:M " + at.UTC().Format("02 Jan 2006 15:04:05.000") + " * " + message
	})
}

func logfmt(ms int, source, message string) bootLine {
	return timed(ms, func(at time.Time) string {
		return fmt.Sprintf("time=%s level=INFO source=%s msg=%q", at.UTC().Format("2006-01-02T15:04:05.000Z"), source, message)
	})
}

// programs is the table of what each class of image writes.
var programs = map[string]func(s *source, probe string){
	"app": func(s *source, probe string) {
		s.boot = []bootLine{
			app(20, "INFO", "llm_cost_ops", "starting llm-cost-ops", `"version":"1.0.0"`),
			app(60, "INFO", "llm_cost_ops::config", "configuration loaded", `"source":"/etc/llm-cost-ops/config.yaml"`),
			app(240, "INFO", "llm_cost_ops::db", "connected to database", `"pool_size":20`),
			app(380, "INFO", "llm_cost_ops::db", "migrations are up to date", ""),
			app(450, "INFO", "llm_cost_ops::cache", "connected to redis", ""),
			app(700, "INFO", "llm_cost_ops::server", "listening on 0.0.0.0:8080", ""),
			app(720, "INFO", "llm_cost_ops::server", "metrics on 0.0.0.0:9090", ""),
		}
		s.every = pause(2000)
		routes := []string{"/health/ready", "/api/v1/usage", "/health/live", "/api/v1/costs/summary", "/metrics"}
		s.text = func(i int64, at time.Time) string {
			switch {
			case strings.HasSuffix(probe, "404"):
				return appLine(at, "INFO", "llm_cost_ops::http", "request", `"method":"GET","path":"/health","status":404,"duration_ms":0`)
			case probe != "":
				return appLine(at, "WARN", "llm_cost_ops::health", "readiness check failed: database pool timed out", `"path":"/health/ready","status":503`)
			}
			return appLine(at, "INFO", "llm_cost_ops::http", "request",
				fmt.Sprintf(`"method":"GET","path":%q,"status":200,"duration_ms":%d`, routes[i%int64(len(routes))], 1+i*7%23))
		}
	},
	"postgres": func(s *source, _ string) {
		s.boot = []bootLine{
			fixed(50, ""),
			fixed(60, "PostgreSQL Database directory appears to contain a database; Skipping initialization"),
			fixed(70, ""),
			postgres(400, 1, "starting PostgreSQL 16.4 (Debian 16.4-1.pgdg120+1) on x86_64-pc-linux-gnu, compiled by gcc, 64-bit"),
			postgres(410, 1, `listening on IPv4 address "0.0.0.0", port 5432`),
			postgres(420, 1, `listening on IPv6 address "::", port 5432`),
			postgres(440, 1, `listening on Unix socket "/var/run/postgresql/.s.PGSQL.5432"`),
			postgres(900, 29, "database system was shut down at "+postgresTime(s.start.Add(-time.Minute))),
			postgres(1400, 1, "database system is ready to accept connections"),
		}
		s.every = 30 * time.Second
		s.text = func(i int64, at time.Time) string {
			word := []string{"checkpoint starting: time", "checkpoint complete: wrote 3 buffers (0.0%); 0 WAL file(s) added, 0 removed, 0 recycled"}[i%2]
			return postgresTime(at) + " [27] LOG:  " + word
		}
	},
	"redis": func(s *source, _ string) {
		s.boot = []bootLine{
			redis(30, "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo"),
			redis(40, "Redis version=7.2.5, bits=64, commit=00000000, modified=0, pid=1, just started"),
			redis(50, "Configuration loaded"),
			redis(80, "Running mode=standalone, port=6379."),
			redis(120, "Server initialized"),
			redis(200, "Ready to accept connections tcp"),
		}
		s.every = time.Minute
		s.text = func(i int64, at time.Time) string {
			return "1:M " + at.UTC().Format("02 Jan 2006 15:04:05.000") + " * " + strconv.FormatInt(100+i%7, 10) + " changes in 60 seconds. Saving..."
		}
	},
	"prometheus": func(s *source, _ string) {
		s.boot = []bootLine{
			logfmt(40, "main.go:645", "Starting Prometheus Server"),
			logfmt(90, "web.go:654", "Start listening for connections"),
			logfmt(500, "head.go:721", "WAL replay completed"),
			logfmt(800, "main.go:1273", "Completed loading of configuration file"),
			logfmt(1100, "main.go:1029", "Server is ready to receive web requests."),
		}
		s.every = time.Minute
		s.text = func(_ int64, at time.Time) string {
			return fmt.Sprintf("time=%s level=INFO source=compact.go:576 msg=%q", at.UTC().Format("2006-01-02T15:04:05.000Z"), "write block")
		}
	},
	"grafana": func(s *source, _ string) {
		grafana := func(ms int, logger, message string) bootLine {
			return timed(ms, func(at time.Time) string {
				return fmt.Sprintf("logger=%s t=%s level=info msg=%q", logger, at.UTC().Format(time.RFC3339Nano), message)
			})
		}
		s.boot = []bootLine{
			grafana(40, "settings", "Starting Grafana"),
			grafana(200, "sqlstore", "Connecting to DB"),
			grafana(700, "migrator", "migrations completed"),
			grafana(1300, "http.server", "HTTP Server Listen"),
		}
		s.every = time.Minute
		s.text = func(_ int64, at time.Time) string {
			return fmt.Sprintf("logger=cleanup t=%s level=info msg=%q", at.UTC().Format(time.RFC3339Nano), "Completed cleanup jobs")
		}
	},
	"generic": func(s *source, _ string) {
		s.boot = []bootLine{fixed(50, "starting"), fixed(400, "ready")}
		s.every = 10 * time.Second
		s.text = func(i int64, at time.Time) string { return stamp(at) + " tick " + strconv.FormatInt(i+1, 10) }
	},
}
