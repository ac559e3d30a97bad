package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-pg/pg/v10"
	"github.com/gomodule/redigo/redis"
	"github.com/hibiken/asynq"
	"github.com/pressly/goose/v3"
	"github.com/redis/rueidis"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"
)

func encryption(mode, root, host string) *tls.Config {
	if mode == "disable" || mode == "no" {
		return nil
	}
	config := &tls.Config{ServerName: host, InsecureSkipVerify: mode == "require"}
	if data, err := os.ReadFile(root); err == nil {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(data)
	}
	return config
}

func bunService() {
	connector := pgdriver.NewConnector(
		pgdriver.WithNetwork("tcp"), pgdriver.WithAddr(net.JoinHostPort(os.Getenv("DB_HOST"), os.Getenv("DB_PORT"))),
		pgdriver.WithTLSConfig(encryption(os.Getenv("DB_SSLMODE"), os.Getenv("DB_SSLROOTCERT"), os.Getenv("DB_HOST"))),
		pgdriver.WithUser(os.Getenv("DB_USER")), pgdriver.WithPassword(os.Getenv("DB_PASSWORD")), pgdriver.WithDatabase(os.Getenv("DB_NAME")),
		pgdriver.WithTimeout(3*time.Second),
	)
	db := bun.NewDB(sql.OpenDB(connector), pgdialect.New())
	if _, err := db.ExecContext(context.Background(), os.Getenv("STATEMENT")); err != nil {
		panic(err)
	}
}

func goPgService() {
	db := pg.Connect(&pg.Options{
		Addr: net.JoinHostPort(os.Getenv("DB_HOST"), os.Getenv("DB_PORT")), User: os.Getenv("DB_USER"), Password: os.Getenv("DB_PASSWORD"),
		Database: os.Getenv("DB_NAME"), TLSConfig: encryption(os.Getenv("DB_SSLMODE"), os.Getenv("DB_SSLROOTCERT"), os.Getenv("DB_HOST")),
		DialTimeout: 3 * time.Second, ReadTimeout: 3 * time.Second,
	})
	if _, err := db.Exec(os.Getenv("STATEMENT")); err != nil {
		log.Fatalf("[FATAL] store: %s", err)
	}
}

func gooseService() {
	folder, _ := os.MkdirTemp("", "migrations")
	text := "-- +goose Up\n" + os.Getenv("STATEMENT") + ";\n"
	os.WriteFile(filepath.Join(folder, "00001_usage.sql"), []byte(text), 0o644)
	db, err := goose.OpenDBWithDriver("pgx", words())
	if err != nil {
		log.Fatalf("goose: failed to open DB: %v", err)
	}
	if err := goose.Up(db, folder); err != nil {
		log.Fatalf("goose up: %v", err)
	}
}

func redigoService() {
	number, _ := strconv.Atoi(os.Getenv("REDIS_DB"))
	config := encryption(os.Getenv("REDIS_TLS"), os.Getenv("REDIS_CA"), os.Getenv("REDIS_HOST"))
	conn, err := redis.Dial("tcp", net.JoinHostPort(os.Getenv("REDIS_HOST"), os.Getenv("REDIS_PORT")),
		redis.DialUsername(os.Getenv("REDIS_USERNAME")), redis.DialPassword(os.Getenv("REDIS_PASSWORD")), redis.DialDatabase(number),
		redis.DialUseTLS(config != nil), redis.DialTLSConfig(config), redis.DialConnectTimeout(3*time.Second), redis.DialReadTimeout(3*time.Second))
	if err != nil {
		fmt.Fprintln(os.Stderr, "could not connect to the cache:", err)
		os.Exit(1)
	}
	all := strings.Fields(os.Getenv("COMMAND"))
	if _, err := conn.Do(all[0], redis.Args{}.AddFlat(all[1:])...); err != nil {
		panic(err)
	}
}

func rueidisService() {
	number, _ := strconv.Atoi(os.Getenv("REDIS_DB"))
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{net.JoinHostPort(os.Getenv("REDIS_HOST"), os.Getenv("REDIS_PORT"))}, Username: os.Getenv("REDIS_USERNAME"),
		Password: os.Getenv("REDIS_PASSWORD"), SelectDB: number, ForceSingleClient: true, Dialer: net.Dialer{Timeout: 3 * time.Second},
		TLSConfig: encryption(os.Getenv("REDIS_TLS"), os.Getenv("REDIS_CA"), os.Getenv("REDIS_HOST")), ConnWriteTimeout: 3 * time.Second,
	})
	if err != nil {
		log.Fatalln("cache:", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := client.Do(ctx, client.B().Arbitrary(strings.Fields(os.Getenv("COMMAND"))...).Build()).Error(); err != nil {
		log.Fatalln("cache:", err)
	}
}

func asynqService() {
	number, _ := strconv.Atoi(os.Getenv("REDIS_DB"))
	server := asynq.NewServer(asynq.RedisClientOpt{
		Addr: net.JoinHostPort(os.Getenv("REDIS_HOST"), os.Getenv("REDIS_PORT")), Username: os.Getenv("REDIS_USERNAME"),
		Password: os.Getenv("REDIS_PASSWORD"), DB: number, DialTimeout: 3 * time.Second, ReadTimeout: 3 * time.Second,
		TLSConfig: encryption(os.Getenv("REDIS_TLS"), os.Getenv("REDIS_CA"), os.Getenv("REDIS_HOST")),
	}, asynq.Config{Concurrency: 2})
	if err := server.Run(asynq.NewServeMux()); err != nil {
		log.Fatalf("could not run server: %v", err)
	}
}
