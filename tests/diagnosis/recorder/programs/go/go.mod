module recorder

go 1.24

require (
	github.com/caarlos0/env/v11 v11.4.0
	github.com/golang-migrate/migrate/v4 v4.19.1
	github.com/jackc/pgx/v5 v5.8.0
	github.com/lib/pq v1.11.2
	github.com/redis/go-redis/v9 v9.18.0
	github.com/rs/zerolog v1.34.0
	go.uber.org/zap v1.27.1
	gorm.io/driver/postgres v1.6.0
	gorm.io/gorm v1.31.1
)
