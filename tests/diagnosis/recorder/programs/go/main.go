// One small service of each client; the first argument says of which.
package main

import (
	"fmt"
	"os"
)

var programs = map[string]func(){
	"pgx": pgxService, "pgxpool": pgxpoolService, "lib-pq": pqService, "gorm": gormService, "golang-migrate": migrateService,
	"zap": zapService, "zerolog": zerologService, "slog": slogService, "go-redis": redisService, "go-redis-slog": redisSlogService,
	"bun": bunService, "go-pg": goPgService, "goose": gooseService, "redigo": redigoService, "rueidis": rueidisService, "asynq": asynqService,
	"port": portService, "file": fileService, "json": jsonService, "env": envService, "nil": nilService, "write": writeService,
}

func main() {
	run, known := programs[os.Args[1]]
	if !known {
		fmt.Fprintln(os.Stderr, "no such program")
		os.Exit(64)
	}
	run()
}
