package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

func cache(retries int) *redis.Client {
	number, _ := strconv.Atoi(os.Getenv("REDIS_DB"))
	options := &redis.Options{
		Addr: os.Getenv("REDIS_HOST") + ":" + os.Getenv("REDIS_PORT"), Username: os.Getenv("REDIS_USERNAME"),
		Password: os.Getenv("REDIS_PASSWORD"), DB: number, DialTimeout: 3 * time.Second, ReadTimeout: 3 * time.Second, MaxRetries: retries,
	}
	if os.Getenv("REDIS_TLS") == "yes" {
		options.TLSConfig = &tls.Config{ServerName: os.Getenv("REDIS_HOST")}
		if data, err := os.ReadFile(os.Getenv("REDIS_CA")); err == nil {
			options.TLSConfig.RootCAs = x509.NewCertPool()
			options.TLSConfig.RootCAs.AppendCertsFromPEM(data)
		}
	}
	return redis.NewClient(options)
}

func command() []any {
	var all []any
	for _, word := range strings.Fields(os.Getenv("COMMAND")) {
		all = append(all, word)
	}
	return all
}

func redisService() {
	log.SetFlags(log.LstdFlags | log.Lshortfile)
	log.Println("limiter up, waiting for its cache")
	if err := cache(0).Do(context.Background(), command()...).Err(); err != nil {
		log.Fatalf("redis: %v", err)
	}
}

func redisSlogService() {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	logger.Info("starting session store")
	if err := cache(1).Do(context.Background(), command()...).Err(); err != nil {
		logger.Error("session store failed", "error", err)
		os.Exit(1)
	}
}
