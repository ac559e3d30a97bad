// A stand-in for the application with the same outside: port 8080, /health, /ready, /metrics, JSON log lines. It really
// logs in to PostgreSQL and Redis. Standard library only.
//
//	app [serve]     serve until SIGTERM
//	app migrate     create a table, insert a row, end
//	app check URL   GET it and end with 0 on 2xx (there is no shell in the image)
//
// /work?ms=N answers after N milliseconds, /burn?ms=N computes for a tenth of them, /eat?mb=N takes that much memory and
// keeps it, /info says how it is confined.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const timeout = 3 * time.Second

var (
	log  = slog.New(slog.NewJSONHandler(os.Stdout, nil))
	hits atomic.Int64
	held [][]byte
)

func main() {
	command := "serve"
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	var err error
	switch command {
	case "serve":
		err = serve()
	case "migrate":
		err = migrate()
	case "check":
		err = check(os.Args[2])
	default:
		err = fmt.Errorf("no such command: %s", command)
	}
	if err != nil {
		log.Error(command+" failed", "error", err.Error())
		os.Exit(1)
	}
}

func check(url string) error {
	client := http.Client{Timeout: timeout}
	answer, err := client.Get(url)
	if err == nil && answer.StatusCode/100 != 2 {
		err = errors.New(answer.Status)
	}
	return err
}

func migrate() error {
	rows, err := pgCheck(os.Getenv("DATABASE_URL"), "CREATE TABLE IF NOT EXISTS standin(id serial primary key, at timestamptz default now()); INSERT INTO standin DEFAULT VALUES; SELECT count(*) FROM standin")
	if err == nil {
		log.Info("migrated", "rows", rows)
	}
	return err
}

// dependencies asks both stores; the second result is false when one that is configured did not answer.
func dependencies() (map[string]any, bool) {
	found, fine := map[string]any{}, true
	ask := func(name, url string, question func() (string, error)) {
		if url == "" {
			found[name] = "not configured"
			return
		}
		answer, err := question()
		if err != nil {
			fine = false
			found[name] = map[string]any{"ok": false, "error": err.Error()}
			return
		}
		found[name] = map[string]any{"ok": true, "answer": answer}
	}
	database, cache := os.Getenv("DATABASE_URL"), os.Getenv("REDIS_URL")
	ask("database", database, func() (string, error) { return pgCheck(database, "SELECT version()") })
	ask("redis", cache, func() (string, error) { return redisCheck(cache) })
	return found, fine
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(body)
}

func health(w http.ResponseWriter, _ *http.Request) { answer(w, 200, map[string]any{"status": "ok"}) }

func ready(w http.ResponseWriter, _ *http.Request) {
	found, fine := dependencies()
	if !fine {
		log.Warn("not ready", "dependencies", found)
		answer(w, 503, map[string]any{"status": "unavailable", "dependencies": found})
		return
	}
	answer(w, 200, map[string]any{"status": "ready", "dependencies": found})
}

func info(w http.ResponseWriter, _ *http.Request) {
	refused := ""
	if err := os.WriteFile("/usr/local/probe", []byte("x"), 0o600); err != nil {
		refused = err.Error()
	}
	process := map[string]string{}
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "CapEff", "NoNewPrivs", "Seccomp", "Groups":
			process[name] = strings.TrimSpace(value)
		}
	}
	host, _ := os.Hostname()
	answer(w, 200, map[string]any{"host": host, "uid": os.Getuid(), "gid": os.Getgid(), "root_write": refused, "process": process})
}

func work(w http.ResponseWriter, r *http.Request) {
	ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
	time.Sleep(time.Duration(ms) * time.Millisecond)
	health(w, r)
}

func burn(w http.ResponseWriter, r *http.Request) {
	ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
	for end := time.Now().Add(time.Duration(ms) * time.Millisecond / 10); time.Now().Before(end); {
	}
	time.Sleep(time.Duration(ms) * time.Millisecond * 9 / 10)
	health(w, r)
}

func eat(w http.ResponseWriter, r *http.Request) {
	mb, _ := strconv.Atoi(r.URL.Query().Get("mb"))
	for range mb {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = 1
		}
		held = append(held, block)
	}
	health(w, r)
}

func metrics(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "# TYPE standin_requests_total counter\nstandin_requests_total %d\n", hits.Load())
}

func serve() error {
	mux := http.NewServeMux()
	for path, handler := range map[string]http.HandlerFunc{
		"/health": health, "/ready": ready, "/info": info, "/metrics": metrics, "/work": work, "/burn": burn, "/eat": eat,
	} {
		mux.HandleFunc(path, handler)
	}
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		started := time.Now()
		mux.ServeHTTP(w, r)
		log.Info("request", "method", r.Method, "path", r.URL.Path, "ms", time.Since(started).Milliseconds())
	})
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	server := &http.Server{Addr: ":" + port, Handler: counted, ReadHeaderTimeout: 5 * time.Second}
	asked, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		<-asked.Done()
		log.Info("stopping")
		limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		ended <- server.Shutdown(limit)
	}()
	log.Info("listening", "address", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended // requests in flight are answered first
}
