package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-migrate/migrate/v4"
	_ "github.com/golang-migrate/migrate/v4/database/postgres"
	_ "github.com/golang-migrate/migrate/v4/source/file"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/lib/pq"
	"github.com/rs/zerolog"
	zlog "github.com/rs/zerolog/log"
	"go.uber.org/zap"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

func words() string {
	text := fmt.Sprintf("host=%s port=%s user=%s dbname=%s sslmode=%s connect_timeout=%s", os.Getenv("DB_HOST"), os.Getenv("DB_PORT"),
		os.Getenv("DB_USER"), os.Getenv("DB_NAME"), os.Getenv("DB_SSLMODE"), os.Getenv("TIMEOUT"))
	if password := os.Getenv("DB_PASSWORD"); password != "" {
		text += " password=" + password
	}
	if root := os.Getenv("DB_SSLROOTCERT"); root != "" {
		text += " sslrootcert=" + root
	}
	return text
}

func ask(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, words())
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, os.Getenv("STATEMENT")); err != nil {
		return fmt.Errorf("first query: %w", err)
	}
	return nil
}

func pgxService() {
	log.Println("meter 1.7.0 starting")
	if err := ask(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func pgxpoolService() {
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Second)
	defer cancel()
	pool, err := pgxpool.New(ctx, words())
	if err != nil {
		fmt.Fprintf(os.Stderr, "Unable to create connection pool: %v\n", err)
		os.Exit(1)
	}
	if _, err := pool.Exec(ctx, os.Getenv("STATEMENT")); err != nil {
		panic(err)
	}
}

func pqService() {
	db, err := sql.Open("postgres", words())
	if err != nil {
		log.Fatal(err)
	}
	if err := db.Ping(); err != nil {
		log.Fatalf("cannot ping the database: %v", err)
	}
	if _, err := db.Exec(os.Getenv("STATEMENT")); err != nil {
		log.Fatalf("cannot start: %v", err)
	}
}

func gormService() {
	db, err := gorm.Open(postgres.Open(words()), &gorm.Config{})
	if err != nil {
		panic("failed to connect database")
	}
	if err := db.Exec(os.Getenv("STATEMENT")).Error; err != nil {
		log.Fatalln("Error:", err)
	}
}

func migrateService() {
	folder, _ := os.MkdirTemp("", "migrations")
	os.WriteFile(filepath.Join(folder, "0001_usage.up.sql"), []byte(os.Getenv("STATEMENT")), 0o644)
	address := fmt.Sprintf("postgres://%s:%s@%s:%s/%s?sslmode=%s&connect_timeout=%s&sslrootcert=%s", os.Getenv("DB_USER"), os.Getenv("DB_PASSWORD"),
		os.Getenv("DB_HOST"), os.Getenv("DB_PORT"), os.Getenv("DB_NAME"), os.Getenv("DB_SSLMODE"), os.Getenv("TIMEOUT"), os.Getenv("DB_SSLROOTCERT"))
	m, err := migrate.New("file://"+folder, address)
	if err != nil {
		log.Fatalf("migrate: %v", err)
	}
	if err := m.Up(); err != nil {
		log.Fatalf("migrate up: %v", err)
	}
}

func zapService() {
	logger, _ := zap.NewProduction()
	logger.Info("starting", zap.String("version", "v2.3.0"))
	if err := ask(context.Background()); err != nil {
		logger.Fatal("failed to initialize storage", zap.Error(err))
	}
}

func zerologService() {
	zerolog.TimeFieldFormat = zerolog.TimeFormatUnix
	zlog.Info().Str("component", "api").Msg("booting")
	if err := ask(context.Background()); err != nil {
		zlog.Fatal().Err(err).Msg("boot failed")
	}
}

func slogService() {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	logger.Info("service starting", "addr", ":8080")
	if err := ask(context.Background()); err != nil {
		logger.Error("database unreachable", "err", err)
		os.Exit(1)
	}
}
