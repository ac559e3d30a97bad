// A stand-in for the public program of this name, by its ways: it takes the one command serve, reads PORT and RUST_LOG and no other
// variable, keeps its data in one file that it locks as SQLite does, serves /health and /ready, and no metrics. Standard library only.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const data = "/app/data/cost-ops.db"

func main() {
	if len(os.Args) != 2 || os.Args[1] != "serve" {
		fmt.Fprintf(os.Stderr, "error: unexpected argument in %q\n\nUsage: cost-ops <COMMAND>\n", os.Args[1:])
		os.Exit(2)
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func serve() error {
	file, err := os.OpenFile(data, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("database is locked: %w", err)
	}
	if _, err := fmt.Fprintln(file, time.Now().UTC().Format(time.RFC3339)); err != nil {
		return err
	}
	fine := func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"status":"ok","log":%q}`, os.Getenv("RUST_LOG"))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/health", fine)
	mux.HandleFunc("/ready", fine)
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	asked, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		<-asked.Done()
		limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		server.Shutdown(limit)
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}
