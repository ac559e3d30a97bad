package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/caarlos0/env/v11"
)

func portService() {
	log.Println("listening on", os.Getenv("LISTEN"))
	log.Fatal(http.ListenAndServe(os.Getenv("LISTEN"), nil))
}

func fileService() {
	if _, err := os.ReadFile(os.Getenv("CONFIG")); err != nil {
		log.Fatalf("reading configuration: %v", err)
	}
}

func jsonService() {
	data, _ := os.ReadFile(os.Getenv("CONFIG"))
	var settings struct{ Port int }
	if err := json.Unmarshal(data, &settings); err != nil {
		fmt.Fprintf(os.Stderr, "config %s: %v\n", os.Getenv("CONFIG"), err)
		os.Exit(1)
	}
}

func envService() {
	var settings struct {
		Key string `env:"PRICING_API_KEY,required"`
	}
	if err := env.Parse(&settings); err != nil {
		log.Fatalf("%+v", err)
	}
}

func nilService() {
	var prices map[string]int
	prices["gpt"] = 1
}

func writeService() {
	if err := os.WriteFile(os.Getenv("OUTPUT"), []byte("1"), 0o644); err != nil {
		log.Fatal(err)
	}
}
